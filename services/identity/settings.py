"""What identity reads from its environment beside what every service reads."""

from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from shared import settings
from shared.settings import Refusal, is_placeholder


class ProviderSettings(BaseModel):
    """An OpenID provider by which people may sign in. `id` is part of the redirect URI to register there, `issuer` is
    written exactly as the provider's discovery document writes it."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    id: str = Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")
    name: str = Field(min_length=1, max_length=50)
    issuer: str = Field(pattern=r"^https?://[^\s?#]+$")
    client_id: str = Field(min_length=1)
    client_secret: SecretStr

    @field_validator("client_secret")
    @classmethod
    def _refuse_unsafe_secret(cls, secret: SecretStr) -> SecretStr:
        if is_placeholder(secret.get_secret_value()):
            raise ValueError("take the one that the provider gave you")
        return secret


class Settings(settings.Settings):
    """The api needs one of the first two: a file with PEM blocks of Ed25519 private keys, the first of which signs
    access tokens, or the same text itself. Api and worker need `encryption_keys` (secret_box.py). Without
    `sign_in_providers` nobody signs in by one."""

    signing_key_file: Path | None = None
    signing_key: SecretStr | None = None
    encryption_keys: SecretStr | None = None
    sign_in_providers: list[ProviderSettings] = Field(default_factory=list)

    @model_validator(mode="after")
    def _refuse_unsafe_providers(self) -> "Settings":
        for name in ("id", "issuer"):
            known = [getattr(provider, name) for provider in self.sign_in_providers]
            if len(set(known)) < len(known):
                raise ValueError(f"SIGN_IN_PROVIDERS: each needs an {name} of its own")
        return self

    def production_refusals(self) -> Iterator[Refusal]:
        """Beside what every service refuses: providers whose answers anybody on the way could change."""
        yield from super().production_refusals()
        for provider in self.sign_in_providers:
            if not provider.issuer.startswith("https://"):
                yield "sign_in_providers", f"the issuer of {provider.id} must be an https address"


class FirstAdminSettings(settings.OneShotSettings):
    """Who the first administrator is."""

    admin_email: str = ""
    admin_password: SecretStr = SecretStr("")
