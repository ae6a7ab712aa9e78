"""Sign-in by a provider, over the wire."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from services.identity.factors.schemas import PasskeyRead, TicketToken
from services.identity.providers import linked_identities
from services.identity.providers.oidc_gateway import OpenIdProvider
from services.identity.schemas import Input, SignInInput
from services.identity.ways_in import Remaining

ProviderId = Annotated[str, Field(max_length=40, examples=["google"])]


class ProviderRead(BaseModel):
    """`name` is for the button."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    name: str


class ProvidersRead(BaseModel):
    items: list[ProviderRead]


class TripCreate(SignInInput):
    provider: ProviderId


class TripRead(BaseModel):
    """Send the person to `authorization_url`. Apps keep `ticket` until they are back; a browser has it in a cookie."""

    authorization_url: str
    ticket: str | None = None
    expires_in: int


class ProviderAnswer(SignInInput):
    """What the provider's redirect had in its query: `code`, `state` and, of some, `iss`. With the ticket of the trip,
    but for browsers."""

    provider: ProviderId
    ticket: Annotated[SecretStr, Field(max_length=200)] = SecretStr("")
    state: Annotated[str, Field(max_length=200)]
    code: Annotated[SecretStr, Field(min_length=1, max_length=4096)]
    iss: Annotated[str, Field(max_length=500)] = ""


class LinkConfirm(Input):
    """The `ticket` of the problem `sign-in-to-link`."""

    ticket: TicketToken


class IdentityRead(BaseModel):
    """An account elsewhere by which this one is entered. `provider` is null when it is not offered any more."""

    id: UUID
    provider: str | None
    issuer: str
    email: str
    created_at: datetime
    last_used_at: datetime | None


class IdentitiesRead(BaseModel):
    items: list[IdentityRead]


class RemainingAccessRead(BaseModel):
    """All API keys were revoked; what is listed still opens the account, or is its second factor. Remove what is not
    yours: DELETE /api/v1/auth/passkeys/{id}, DELETE /api/v1/auth/identities/{id}."""

    api_keys_revoked: int
    passkeys: list[PasskeyRead]
    identities: list[IdentityRead]

    @classmethod
    def of(cls, revoked: int, remaining: Remaining, providers: Mapping[str, OpenIdProvider]) -> "RemainingAccessRead":
        """What is left after so many keys were revoked."""
        identities = [linked_identities.describe_identity(one, providers) for one in remaining.identities]
        shown = {"passkeys": remaining.passkeys, "identities": identities}
        return cls.model_validate({"api_keys_revoked": revoked, **shown}, from_attributes=True)
