"""The rules that the compose files keep, read from the files themselves."""

import re
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from gateway.tests.door import GATEWAY
from gateway.tests.far_end import SERVICES
from ops import secret_files

ROOT = GATEWAY.parent
PRODUCTION: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
DEVELOPMENT: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.override.yml").read_text())
CONTAINERS = {
    **PRODUCTION["services"],
    **{name: service for name, service in DEVELOPMENT["services"].items() if "image" in service},
}
SECRET = re.compile(r"PASSWORD|TOKEN|SECRETS?$|API_KEY|KEY_ID|ACCESS_KEY|KEY_FILE|ENCRYPTION_KEYS|_PASS$")
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


def secrets_of(name: str) -> dict[str, str]:
    """The secret files of a container: the name in /run/secrets, and whose secret it is."""
    mounted = [
        {"source": secret, "target": secret} if isinstance(secret, str) else secret
        for secret in CONTAINERS[name].get("secrets", [])
    ]
    return {str(secret["target"]): str(secret["source"]) for secret in mounted}


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_knows_only_its_own_passwords(service: str) -> None:
    for role in ("api", "worker"):
        known = {name: source for name, source in secrets_of(f"{service}-{role}").items() if "password" in name}
        known.pop("smtp_password", None)
        assert known == {
            "database_password": f"{service}_database_password",
            "broker_password": f"{service}_broker_password",
        }
    migration = {"database_migration_password": f"{service}_migration_password"}
    assert secrets_of(f"{service}-migrate") == migration


@pytest.mark.parametrize("service", SERVICES)
def test_the_job_that_checks_settings_reads_those_of_the_api(service: str) -> None:
    job, api = CONTAINERS[f"{service}-check-settings"], CONTAINERS[f"{service}-api"]
    assert (job["environment"], job["image"]) == (api["environment"], api["image"])
    assert secrets_of(f"{service}-check-settings") == secrets_of(f"{service}-api")


def test_a_secret_reaches_only_the_containers_that_need_it() -> None:
    holders: dict[str, set[str]] = {}
    # Each job that checks settings has the secrets of its api.
    for name in (name for name in CONTAINERS if not name.endswith("-check-settings")):
        for source in secrets_of(name).values():
            holders.setdefault(source, set()).add(name)
    both = [f"{service}-{role}" for service in SERVICES for role in ("api", "worker")]
    stores_files = {
        f"{service}-{role}" for service in ("identity", "catalog", "certificates") for role in ("api", "worker")
    }
    assert holders["internal_token"] == set(both)
    assert holders["signing_key.pem"] == holders["sign_in_providers"] == {"identity-api"}
    assert holders["encryption_keys"] == {"identity-api", "identity-worker"}
    assert holders["admin_password"] == {"first-admin"}
    assert holders["stripe_api_key"] == {"billing-api", "billing-worker", "stripe-simulator"}
    assert holders["stripe_webhook_secrets"] == {"billing-api", "billing-worker", "stripe-simulator"}
    assert holders["smtp_password"] == {"notifications-api", "notifications-worker"}
    assert holders["aws_access_key_id"] == holders["aws_secret_access_key"] == stores_files
    assert holders["postgres_admin_password"] == {"postgres", "provision-database", "provision-broker"}
    assert holders["broker_admin_password"] == {"rabbitmq", "provision-database", "provision-broker"}


def test_every_secret_is_a_file_that_make_secrets_makes() -> None:
    declared = PRODUCTION["secrets"]
    assert declared.keys() == secret_files.ALL.keys()
    for name, secret in declared.items():
        assert secret == {"file": f"${{SECRETS_FOLDER:-./var/docker/secrets}}/{name}"}
    used = {source for name in CONTAINERS for source in secrets_of(name).values()}
    assert used == declared.keys()


@pytest.mark.parametrize("name", sorted(CONTAINERS))
def test_no_environment_value_holds_a_secret(name: str) -> None:
    # `docker inspect` shows the environment to everybody who may talk to the engine.
    variables = CONTAINERS[name].get("environment", {})
    named = {variable for variable in variables if SECRET.search(variable)}
    # Paths of files, which say nothing.
    assert named <= {"POSTGRES_PASSWORD_FILE", "SIGNING_KEY_FILE"}
    assert not named & {variable for variable in variables if variable.lower() in secret_files.ALL}
    assert all(str(variables[variable]).startswith("/run/secrets/") for variable in named)


def test_the_example_explains_every_variable_and_names_no_secret() -> None:
    files = "".join((ROOT / name).read_text() for name in ("docker-compose.yml", "docker-compose.override.yml"))
    asked = set(re.findall(r"(?<!\$)\$\{([A-Z_0-9]+)", files))
    lines = (ROOT / ".env.example").read_text().splitlines()
    example = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    assert example.keys() == asked
    assert [name for name in example if SECRET.search(name) or name.lower() in secret_files.ALL] == []


def test_no_compose_file_reads_a_secret_from_a_variable() -> None:
    files = "".join((ROOT / name).read_text() for name in ("docker-compose.yml", "docker-compose.override.yml"))
    asked = set(re.findall(r"(?<!\$)\$\{([A-Z_0-9]+)", files))
    assert [name for name in asked if SECRET.search(name) or name.lower() in secret_files.ALL] == []
