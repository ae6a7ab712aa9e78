"""What the simulator is told from outside."""

from functools import cached_property
from pathlib import Path

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

API_VERSION = "2026-10-28.endive"
_SECRETS = Path("/run/secrets")


class Settings(BaseSettings):
    """Read from the environment or from one file per variable in /run/secrets; times are seconds."""

    # A refused value may be a live key: it must not get into the log.
    model_config = SettingsConfigDict(
        secrets_dir=_SECRETS if _SECRETS.is_dir() else None, extra="ignore", hide_input_in_errors=True
    )

    stripe_api_key: SecretStr = Field(min_length=8)
    stripe_webhook_secret: SecretStr = Field(min_length=8)
    stripe_webhook_url: str | None = None
    # The event types that the endpoint asked for, separated by commas; empty for all of them.
    stripe_webhook_events: str = ""
    simulator_public_url: str = "http://localhost:8090"
    simulator_state: Path | None = None
    simulator_first_retry: float = Field(default=1.0, gt=0)
    simulator_last_retry: float = Field(default=60.0, gt=0)
    simulator_webhook_attempts: int = Field(default=60, ge=1)
    simulator_webhook_timeout: float = Field(default=10.0, gt=0)

    @field_validator("stripe_api_key")
    @classmethod
    def refuse_live_keys(cls, value: SecretStr) -> SecretStr:
        """A live key has no business here: whoever configured one is pointing production at a toy."""
        if "_live_" in value.get_secret_value():
            raise ValueError("the simulator refuses live keys; use one that starts with sk_test_")
        return value

    def sends(self, kind: str) -> bool:
        """Whether the endpoint is told of such events."""
        return self.stripe_webhook_url is not None and (not self.wanted_events or kind in self.wanted_events)

    @cached_property
    def wanted_events(self) -> frozenset[str]:
        """By type; none named means all."""
        return frozenset(filter(None, self.stripe_webhook_events.split(",")))

    @cached_property
    def public_url(self) -> str:
        """Origin a browser opens, without a trailing slash."""
        return self.simulator_public_url.rstrip("/")
