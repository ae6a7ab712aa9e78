"""API keys over the wire."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints

from services.identity.schemas import Input
from shared.permissions import Permission
from shared.schemas import ON_ONE_LINE, VISIBLE, Moment

KeyName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), ON_ONE_LINE, VISIBLE]


class ApiKeyCreate(Input):
    """`scopes` are permissions that the caller has. Without `expires_at` the key is good until it is revoked."""

    name: KeyName
    scopes: Annotated[list[Permission], Field(min_length=1, max_length=30, examples=[["courses:write"]])]
    expires_at: Moment | None = None


class ApiKeyRead(BaseModel):
    """`prefix` is how the key begins."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str
    prefix: Annotated[str, Field(examples=["afa_7Jp0Xw2c"])]
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


class ApiKeyCreated(ApiKeyRead):
    """`key` is shown this once."""

    key: str


class ApiKeysRead(BaseModel):
    items: list[ApiKeyRead]


class TokenRequest(BaseModel):
    """A form, as RFC 6749 section 4.4.2 has it: what it does not know is ignored. `client_secret` is the key,
    `client_id` its id; either here or as HTTP Basic credentials."""

    grant_type: Literal["client_credentials"]
    client_id: Annotated[str, Field(max_length=100)] = ""
    client_secret: Annotated[SecretStr, Field(max_length=200)] = SecretStr("")
    scope: Annotated[str, Field(max_length=1000, description="Some of the key's, separated by spaces")] = ""


class AccessTokenRead(BaseModel):
    """RFC 6749 section 5.1; `expires_in` is seconds. There is no refresh token: show the key again."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"
    expires_in: int
    scope: str
