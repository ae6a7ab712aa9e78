"""The rules that the compose files keep, read from the files themselves."""

import re
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from gateway.tests.door import GATEWAY
from gateway.tests.far_end import SERVICES

ROOT = GATEWAY.parent
PRODUCTION: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
DEVELOPMENT: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.override.yml").read_text())
CONTAINERS = {
    **PRODUCTION["services"],
    **{name: service for name, service in DEVELOPMENT["services"].items() if "image" in service},
}
JOBS = {name for name, service in CONTAINERS.items() if service.get("restart") == "no"}
# Their official images begin as root and hand over to the server's own user.
BEGIN_AS_ROOT = {"postgres", "rabbitmq"}


@pytest.mark.parametrize("name", sorted(CONTAINERS))
def test_a_container_is_confined(name: str) -> None:
    service = CONTAINERS[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["read_only"] or name == "rabbitmq"
    assert service["init"]
    assert service["logging"]["options"]["max-size"]
    assert {"memory", "pids"} <= service["deploy"]["resources"]["limits"].keys()
    assert "cap_add" not in service or name in BEGIN_AS_ROOT


@pytest.mark.parametrize("name", sorted(CONTAINERS.keys() - JOBS))
def test_what_stays_up_has_a_health_check_and_comes_back(name: str) -> None:
    assert CONTAINERS[name]["healthcheck"]["test"]
    assert CONTAINERS[name]["restart"] == "unless-stopped"


@pytest.mark.parametrize("name", sorted(BEGIN_AS_ROOT))
def test_init_may_forward_the_stop_signal_to_a_server_of_another_user(name: str) -> None:
    # Without KILL, tini as root ends with "Operation not permitted", and the server is killed instead of stopped.
    assert "KILL" in CONTAINERS[name]["cap_add"]


def test_postgres_stops_fast_without_waiting_for_its_clients() -> None:
    assert CONTAINERS["postgres"]["stop_signal"] == "SIGINT"


def test_every_job_is_waited_for() -> None:
    # `up --wait` takes the end of a container for a failure unless another one waits for exactly that.
    waited = {
        other
        for service in CONTAINERS.values()
        for other, how in service.get("depends_on", {}).items()
        if how["condition"] == "service_completed_successfully"
    }
    assert waited == JOBS


def test_in_production_only_the_gateway_is_published() -> None:
    assert [name for name, service in PRODUCTION["services"].items() if "ports" in service] == ["gateway"]
    assert {name for name, service in PRODUCTION["services"].items() if "edge" in service["networks"]} == {
        "gateway",
        *(f"{service}-api" for service in SERVICES),
    }


@pytest.mark.parametrize("service", SERVICES)
def test_api_worker_and_migration_are_one_image(service: str) -> None:
    names = [f"{service}-{role}" for role in ("api", "worker", "migrate")]
    assert len({CONTAINERS[name]["image"] for name in names}) == 1
    assert CONTAINERS[names[0]]["build"]["args"] == {"SERVICE": service}


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_knows_only_its_own_passwords(service: str) -> None:
    for role in ("api", "worker", "migrate"):
        text = str(CONTAINERS[f"{service}-{role}"]["environment"])
        named = set(re.findall(r"\$\{([A-Z]+)_(?:DATABASE|MIGRATION|BROKER)_PASSWORD", text))
        assert named == {service.upper()}
        assert "ADMIN_PASSWORD" not in text
        assert ("MIGRATION_PASSWORD" in text) == (role == "migrate")
    assert [name for name, container in CONTAINERS.items() if "secrets" in container] == ["identity-api"]


def test_the_example_explains_every_variable_and_holds_no_secret() -> None:
    files = "".join((ROOT / name).read_text() for name in ("docker-compose.yml", "docker-compose.override.yml"))
    asked = set(re.findall(r"\$\{([A-Z_0-9]+)", files))
    lines = (ROOT / ".env.example").read_text().splitlines()
    example = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    assert example.keys() == asked
    secret = re.compile(r"_(PASSWORD|TOKEN|SECRETS|KEY|KEY_ID|KEY_FILE)$")
    assert not [name for name, value in example.items() if secret.search(name) and value]


def test_no_secret_has_a_default() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    secret = re.compile(r"\$\{([A-Z_0-9]*(?:PASSWORD|TOKEN|SECRETS|API_KEY|KEY_FILE))(:-|:\?|\})")
    # An SMTP server inside a network may ask for no password; S3 may know us by our machine.
    assert {name for name, how in secret.findall(text) if how != ":?"} == {"SMTP_PASSWORD"}
