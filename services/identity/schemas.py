"""What goes over the wire."""

import unicodedata
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, StringConstraints
from pydantic_core import PydanticCustomError

from shared.permissions import Role

Status = Literal["active", "suspended"]


def _refuse_control_characters(text: str) -> str:
    if any(unicodedata.category(character) == "Cc" for character in text):
        raise PydanticCustomError("control_characters", "must not contain control characters")
    return text


PRINTABLE = AfterValidator(_refuse_control_characters)
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), PRINTABLE]
# RFC 5321 allows no longer address.
Email = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=254),
    PRINTABLE,
    Field(json_schema_extra={"format": "email"}, examples=["ann@example.com"]),
]
SearchText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=254), PRINTABLE]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500), PRINTABLE]
# Taken verbatim: neither stripped nor normalised.
NewPassword = Annotated[SecretStr, Field(min_length=8, max_length=128, description="8 to 128 characters of any kind")]
GivenPassword = Annotated[SecretStr, Field(min_length=1, max_length=128)]


class Input(BaseModel):
    """Parent of what clients send."""

    model_config = ConfigDict(extra="forbid")


class UserCreate(Input):
    email: Email
    password: NewPassword
    name: Name


class UserUpdate(Input):
    name: Name


class RolesUpdate(Input):
    roles: Annotated[list[Role], Field(min_length=1, max_length=4, description="All roles the user has from now on")]


class SuspensionCreate(Input):
    reason: Reason = ""


class UserRead(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    email: str
    name: str
    roles: list[str]
    status: Status
    version: int
    created_at: datetime


class AccountRead(UserRead):
    """`impersonated_by` is the administrator who acts in the account's name at the moment."""

    impersonated_by: UUID | None = None


class ImpersonationCreate(Input):
    """`reason` goes to the audit log, such as a ticket's number."""

    reason: Annotated[Reason, StringConstraints(min_length=3)]


class SignOutRead(BaseModel):
    sessions_ended: int


class SessionCreate(Input):
    email: Email
    password: GivenPassword


class SessionRefresh(Input):
    refresh_token: Annotated[SecretStr, Field(min_length=1, max_length=200)]


class TokensRead(BaseModel):
    """RFC 6749 section 5.1; `expires_in` is seconds."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"
    expires_in: int
    refresh_token: str


class PasswordStrengthCreate(Input):
    """`email` and `name` make the answer stricter: what is known about a person is guessed first."""

    password: GivenPassword
    email: Annotated[str, Field(max_length=254)] = ""
    name: Annotated[str, Field(max_length=100)] = ""


class PasswordStrengthRead(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    score: Annotated[int, Field(ge=0, le=4, description="0 is guessed at once, 4 is very strong")]
    acceptable: bool
    warning: str
    suggestions: list[str]


class RevocationRead(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    seq: int
    kind: str
    value: str
    before: int
    expires_at: int


class RevocationsRead(BaseModel):
    items: list[RevocationRead]
    last_seq: int
