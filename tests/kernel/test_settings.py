"""Production refuses to start on a missing or well-known secret."""

from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from shared.settings import Settings

GOOD: dict[str, Any] = {
    name: SecretStr("k7Jq0fX2mT9sB4vN") for name in ("database_password", "broker_password", "internal_token")
}


def test_production_with_all_secrets_starts() -> None:
    assert Settings(environment="production", **GOOD).environment == "production"


@pytest.mark.parametrize("value", ["", "changeme", "Password", " secret "])
@pytest.mark.parametrize("name", GOOD)
def test_production_with_a_missing_or_well_known_secret_does_not_start(name: str, value: str) -> None:
    with pytest.raises(ValidationError, match=f"set {name.upper()}"):
        Settings(environment="production", **{**GOOD, name: SecretStr(value)})


def test_development_starts_without_secrets() -> None:
    assert Settings(environment="development").database_password.get_secret_value() == ""


def test_an_address_ends_without_a_slash_and_the_front_end_defaults_to_the_gateway() -> None:
    settings = Settings(public_url="https://school.example/")
    assert (settings.public_url, settings.frontend_url) == ("https://school.example", "https://school.example")


def test_no_secret_shows_in_a_printed_settings_object() -> None:
    assert "k7Jq0fX2mT9sB4vN" not in repr(Settings(**GOOD))
