"""Settings every process reads once, from its environment or from files in /run/secrets."""

from pathlib import Path
from typing import Any, Literal

from pydantic import SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import URL

SECRETS_DIR = Path("/run/secrets")
PLACEHOLDERS = frozenset({"", "changeme", "change-me", "secret", "password", "guest", "postgres", "default"})


class Settings(BaseSettings):
    """What all services share. A service adds its own fields in its settings.py.

    In production a missing or well-known secret is refused at start; nobody finds out later from an attacker.
    """

    # A variable that is empty in a compose file is a variable that was not set.
    model_config = SettingsConfigDict(
        secrets_dir=SECRETS_DIR if SECRETS_DIR.is_dir() else None, extra="ignore", env_ignore_empty=True
    )

    environment: Literal["development", "production"] = "development"
    public_url: str = "http://localhost:8080"
    frontend_url: str = ""
    log_level: str = "info"

    database_host: str = "localhost"
    database_port: int = 5432
    database_name: str = "academy"
    database_user: str = ""
    database_password: SecretStr = SecretStr("")
    database_pool_size: int = 20

    broker_host: str = "localhost"
    broker_port: int = 5672
    broker_vhost: str = "academy"
    broker_user: str = ""
    broker_password: SecretStr = SecretStr("")
    broker_management_url: str = "http://localhost:15672"

    identity_url: str = "http://localhost:8000"
    internal_token: SecretStr = SecretStr("")
    storage_url: str = "file:///tmp/academy-files"
    # Doubling waits between attempts; a lease is how long a worker may take over one event (seconds).
    event_attempts: int = 12
    event_crashes: int = 5
    event_first_retry_seconds: float = 5.0
    event_lease_seconds: float = 30.0
    # How often a worker looks at its tables when no commit woke it (seconds).
    worker_poll_seconds: float = 2.0
    worker_host: str = "127.0.0.1"
    worker_port: int = 0

    @model_validator(mode="after")
    def _refuse_unsafe_secrets(self) -> "Settings":
        if self.environment != "production":
            return self
        unsafe = [name for name, value in self if isinstance(value, SecretStr) and is_placeholder(value)]
        if unsafe:
            names = ", ".join(name.upper() for name in unsafe)
            raise ValueError(f"set {names} in the environment or in {SECRETS_DIR}: no default is safe in production")
        return self

    def model_post_init(self, context: Any) -> None:
        """Derived defaults: the front end lives at the gateway's address unless told otherwise."""
        self.public_url = self.public_url.rstrip("/")
        self.frontend_url = (self.frontend_url or self.public_url).rstrip("/")

    def database_url(self, service: str) -> URL:
        """The address of the service's own role, `<service>_app` unless DATABASE_USER says otherwise."""
        return URL.create(
            "postgresql+psycopg2",
            username=self.database_user or f"{service}_app",
            password=self.database_password.get_secret_value(),
            host=self.database_host,
            port=self.database_port,
            database=self.database_name,
        )


def is_placeholder(value: SecretStr) -> bool:
    """True for an empty secret and for those every attacker tries first."""
    return value.get_secret_value().strip().lower() in PLACEHOLDERS


class OneShotSettings(Settings):
    """For one-shot jobs: they talk to the database only, so production must not ask them for the other secrets."""

    broker_password: SecretStr = SecretStr("unused")
    internal_token: SecretStr = SecretStr("unused")
