"""Unsafe settings end a process at its start. All are listed at once, by the names that an operator sets, no value."""

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError
from pydantic_settings import SettingsError

from ops.places import SERVICES
from services.identity.settings import Settings as IdentitySettings
from services.notifications.settings import Settings as NotificationSettings
from shared.secret_files import read_secret
from shared.settings import Settings
from shared.startup import problems

CANARY = "canary-51b0c7-canary"
SECRET = "k7Jq0fX2mT9sB4vN"
ADDRESS: dict[str, Any] = {"public_url": "https://school.example"}
GOOD: dict[str, Any] = {
    **{name: SecretStr(SECRET) for name in ("database_password", "broker_password", "internal_token")},
    **ADDRESS,
}
SECRETS = [name for name in GOOD if name not in ADDRESS]
# What each service needs in production beside what all need.
OWN: dict[str, dict[str, str]] = {
    "billing": {
        "STRIPE_API_KEY": "sk_live_k7Jq0fX2mT9sB4vN",  # pragma: allowlist secret
        "STRIPE_WEBHOOK_SECRETS": "whsec_k7Jq0fX2mT9sB4vN",
        "SELLER_ADDRESS": "Main Street 1;Springfield",
    },
    "notifications": {"SMTP_SECURITY": "starttls", "SMTP_HOST": "mail.example"},
}
COMMON = {
    "ENVIRONMENT": "production",
    "PUBLIC_URL": "https://school.example",
    **{name.upper(): SECRET for name in SECRETS},
}


def test_production_with_all_secrets_starts() -> None:
    assert Settings(environment="production", **GOOD).environment == "production"


@pytest.mark.parametrize("value", ["", "changeme", "Password", " secret ", "fifteen-letters"])
@pytest.mark.parametrize("name", SECRETS)
def test_production_refuses_a_missing_short_or_well_known_secret(name: str, value: str) -> None:
    with pytest.raises(ValidationError, match=f"{name.upper()} (is missing|is a well-known word|has 15 characters)"):
        Settings(environment="production", **{**GOOD, name: SecretStr(value)})


@pytest.mark.parametrize("field", ["public_url", "frontend_url"])
def test_production_refuses_an_address_without_tls(field: str) -> None:
    with pytest.raises(ValidationError, match=f"{field.upper()} must begin with https://"):
        Settings(environment="production", **{**GOOD, field: "http://school.example"})


def test_development_starts_without_secrets() -> None:
    assert Settings(environment="development").database_password.get_secret_value() == ""


def test_development_refuses_a_well_known_secret() -> None:
    with pytest.raises(ValidationError, match="INTERNAL_TOKEN is a well-known word"):
        Settings(internal_token=SecretStr("changeme"))


def test_development_at_a_public_address_is_warned_about() -> None:
    assert [text for text in Settings(**ADDRESS).warnings() if "ENVIRONMENT=production" in text]
    assert list(Settings(public_url="http://localhost:8080").warnings()) == []


def test_an_address_ends_without_a_slash_and_the_front_end_defaults_to_the_gateway() -> None:
    settings = Settings(public_url="https://school.example/")
    assert (settings.public_url, settings.frontend_url) == ("https://school.example", "https://school.example")


def test_no_secret_shows_in_a_printed_settings_object() -> None:
    assert SECRET not in repr(Settings(**GOOD))


@pytest.mark.parametrize("service", SERVICES)
def test_good_settings_of_each_service_are_taken(service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert refusals(monkeypatch, service) == []


@pytest.mark.parametrize("service", SERVICES)
def test_a_refusal_lists_every_problem_without_a_value(service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = {"DATABASE_PASSWORD": CANARY, "ENCRYPTION_KEYS": CANARY, "STRIPE_WEBHOOK_SECRETS": CANARY}
    bad = {"BROKER_PASSWORD": "", "INTERNAL_TOKEN": "short", "PUBLIC_URL": "http://school.example"}
    lines = refusals(monkeypatch, service, **secrets, **bad)
    assert [line.split()[0] for line in lines] == [
        f"{service.upper()}_BROKER_PASSWORD", "INTERNAL_TOKEN", "PUBLIC_URL", "FRONTEND_URL",
    ]  # fmt: skip
    lines += refusals(monkeypatch, service, **secrets, BROKER_PORT=CANARY)
    assert lines[-1] == "BROKER_PORT input should be a valid integer, unable to parse string as an integer"
    assert not [part for part in parts_of(CANARY) if part in "".join(lines)]


@pytest.mark.parametrize("value", ["[{]", '[{"id": "%s"}]', '{"%s": 1}', '[{"client_secret": "%s"}]'])
def test_a_broken_structured_setting_is_refused_without_its_text(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = refusals(monkeypatch, "identity", SIGN_IN_PROVIDERS=value.replace("%s", CANARY))
    assert lines
    assert all("sign_in_providers" in line.lower() for line in lines)
    assert not [part for part in parts_of(CANARY) if part in "".join(lines)]


@pytest.mark.parametrize(
    ("service", "variable", "value"),
    [
        ("billing", "STRIPE_API_KEY", "sk_test_k7Jq0fX2mT9sB4vN"),  # pragma: allowlist secret
        ("billing", "STRIPE_API_BASE", "http://stripe-simulator:8090"),
        ("billing", "SELLER_ADDRESS", ""),
        ("notifications", "SMTP_SECURITY", "none"),
        ("live", "MEETING_BASE_URL", "http://meet.example"),
    ],
)
def test_production_refuses_what_is_only_for_development(
    service: str, variable: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = refusals(monkeypatch, service, **{variable: value})
    assert [line.split()[0] for line in lines] == [variable]


def test_a_staging_platform_may_use_test_payments(monkeypatch: pytest.MonkeyPatch) -> None:
    test_key = "sk_test_k7Jq0fX2mT9sB4vN"  # pragma: allowlist secret
    assert refusals(monkeypatch, "billing", STRIPE_API_KEY=test_key, STRIPE_TEST_MODE="true") == []


@pytest.mark.parametrize("command", [["shared.startup", "live"], ["services.live.worker"]])
def test_a_refused_process_ends_with_one_json_line(command: list[str]) -> None:
    environment = {"PATH": os.environ["PATH"], **COMMON, "INTERNAL_TOKEN": "short", "DATABASE_PASSWORD": CANARY}
    ran = subprocess.run([sys.executable, "-m", *command], env=environment, capture_output=True, text=True, check=False)
    line = json.loads(ran.stdout)
    assert (ran.returncode, ran.stderr, line["level"]) == (78, "", "critical")
    assert [problem.split()[0] for problem in line["problems"]] == ["INTERNAL_TOKEN"]
    assert not [part for part in parts_of(CANARY) if part in ran.stdout]


def refusals(monkeypatch: pytest.MonkeyPatch, service: str, **variables: str) -> list[str]:
    """What a production start with these variables would be refused for; empty when it is not."""
    for name, value in (COMMON | OWN.get(service, {}) | variables).items():
        monkeypatch.setenv(name, value)
    try:
        importlib.import_module(f"services.{service}.settings").Settings()
    except (ValidationError, SettingsError) as error:
        return problems(service, error)
    return []


def parts_of(canary: str) -> list[str]:
    """Every eight characters of it: pydantic shows the end of an input."""
    return [canary[start : start + 8] for start in range(len(canary) - 7)]


def test_a_secret_may_be_a_file_and_an_empty_one_is_not_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "internal_token").write_text("from the file\n")
    (tmp_path / "broker_password").write_text("\n")
    monkeypatch.delenv("INTERNAL_TOKEN", raising=False)
    settings = Settings(_secrets_dir=tmp_path, broker_user="")
    assert settings.internal_token.get_secret_value() == "from the file"
    assert "broker_password" not in settings.model_fields_set
    monkeypatch.setenv("INTERNAL_TOKEN", "")
    assert Settings(_secrets_dir=tmp_path).internal_token.get_secret_value() == "from the file"
    monkeypatch.setenv("INTERNAL_TOKEN", "from the environment")
    assert Settings(_secrets_dir=tmp_path).internal_token.get_secret_value() == "from the environment"


def test_an_optional_secret_in_an_empty_file_does_not_stop_production(tmp_path: Path) -> None:
    for name in ("smtp_password", "sign_in_providers"):
        (tmp_path / name).touch()
    mail = NotificationSettings(_secrets_dir=tmp_path, environment="production", **GOOD)
    assert mail.smtp_password is None
    identity = IdentitySettings(_secrets_dir=tmp_path, environment="production", **GOOD)
    assert identity.sign_in_providers == []


def test_provisioning_takes_a_password_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LIVE_DATABASE_PASSWORD", raising=False)
    assert read_secret("live_database_password", tmp_path) == ""
    (tmp_path / "live_database_password").write_text("from the file\n")
    assert read_secret("live_database_password", tmp_path) == "from the file"
    monkeypatch.setenv("LIVE_DATABASE_PASSWORD", "from the environment")
    assert read_secret("live_database_password", tmp_path) == "from the environment"
