"""What identity reads from its environment beside what every service reads."""

from pathlib import Path

from pydantic import SecretStr

from shared import settings


class Settings(settings.Settings):
    """The api needs one of the two: a file with PEM blocks of Ed25519 private keys, the first of which signs access
    tokens, or the same text itself."""

    signing_key_file: Path | None = None
    signing_key: SecretStr | None = None


class OneShotSettings(settings.Settings):
    """For one-shot jobs: they talk to the database only, so production must not ask them for the other secrets."""

    broker_password: SecretStr = SecretStr("unused")
    internal_token: SecretStr = SecretStr("unused")


class FirstAdminSettings(OneShotSettings):
    """Who the first administrator is."""

    admin_email: str = ""
    admin_password: SecretStr = SecretStr("")
