"""Settings every process reads once, from its environment or from files in /run/secrets."""

from collections.abc import Iterator
from typing import Any, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import NonNegativeInt, PositiveInt, SecretStr, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from sqlalchemy import URL

from shared.secret_files import SECRETS_DIR, SecretFiles

PLACEHOLDERS = frozenset({"", "changeme", "change-me", "secret", "password", "guest", "postgres", "default"})
# `openssl rand -hex 24` makes 48 characters. Only secrets that the operator makes: a vendor decides about its own.
MIN_SECRET_LENGTH = 16
OWN_SECRETS = frozenset(
    {"database_password", "broker_password", "internal_token", "postgres_admin_password", "broker_admin_password"}
)
LOCAL_HOSTS = ("localhost", ".localhost", ".test", "127.0.0.1", "::1")
Refusal = tuple[str, str]
# The value of a secret that a one-shot job inherits and does not use.
UNUSED = SecretStr("unused")


class Settings(BaseSettings):
    """What all services share. A service adds its own fields in its settings.py.

    Production refuses missing, short and well-known secrets and addresses without TLS, all at once. No environment
    takes a well-known secret. A refusal never shows a value.
    """

    # A variable that is empty in a compose file is a variable that was not set.
    model_config = SettingsConfigDict(
        secrets_dir=SECRETS_DIR if SECRETS_DIR.is_dir() else None,
        extra="ignore",
        env_ignore_empty=True,
        # A refusal would show the end of its input, which is every secret that was read.
        hide_input_in_errors=True,
    )

    # True for one-shot jobs, which need the database and none of the addresses.
    is_job: ClassVar[bool] = False
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

    # Requests of one account: a second, and at once beyond that. Counted by each process of each api for itself.
    account_rate: PositiveInt = 20
    account_burst: NonNegativeInt = 100

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

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments go before the environment, and the environment before the files."""
        folder = getattr(file_secret_settings, "secrets_dir", None)
        return init_settings, env_settings, SecretFiles(settings_cls, folder)

    @model_validator(mode="after")
    def _refuse_unsafe(self) -> "Settings":
        refused = list(self.refusals())
        if self.environment == "production":
            refused += self.production_refusals()
        if refused:
            raise ValueError("\n".join(f"{field.upper()} {reason}" for field, reason in refused))
        return self

    def refusals(self) -> Iterator[Refusal]:
        """(field, what is wrong with it and what to set), in every environment. A service adds its own."""
        for name, secret in self._secrets():
            if secret and is_placeholder(secret):
                yield name, "is a well-known word: make a secret with `openssl rand -hex 24`"

    def production_refusals(self) -> Iterator[Refusal]:
        """(field, what is wrong with it and what to set), in production. A service adds its own."""
        for name, secret in self._secrets():
            if not secret:
                yield name, f"is missing: no default is safe in production; set it, or the file {SECRETS_DIR}/<name>"
            elif name in OWN_SECRETS and len(secret) < MIN_SECRET_LENGTH:
                yield name, f"has {len(secret)} characters, fewer than {MIN_SECRET_LENGTH}: use `openssl rand -hex 24`"
        for name in () if self.is_job else ("public_url", "frontend_url"):
            if not getattr(self, name).startswith("https://"):
                yield name, "must begin with https:// in production: passwords and tokens travel to it"

    def warnings(self) -> Iterator[str]:
        """What is allowed and probably not meant."""
        host = urlsplit(self.public_url).hostname or ""
        if self.environment == "development" and not host.endswith(LOCAL_HOSTS):
            yield f"ENVIRONMENT is development although PUBLIC_URL names {host}: set ENVIRONMENT=production"

    def _secrets(self) -> Iterator[tuple[str, str]]:
        """The secrets that were set, and those that must be; not the defaults of fields that a job does not use."""
        for name, value in self:
            if isinstance(value, SecretStr) and (name in self.model_fields_set or value != UNUSED):
                yield name, value.get_secret_value().strip()

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


def is_placeholder(secret: str) -> bool:
    """True for an empty secret and for those every attacker tries first."""
    return secret.strip().lower() in PLACEHOLDERS


class OneShotSettings(Settings):
    """For one-shot jobs: they talk to the database only, so production must not ask them for the other secrets."""

    is_job = True
    broker_password: SecretStr = UNUSED
    internal_token: SecretStr = UNUSED
