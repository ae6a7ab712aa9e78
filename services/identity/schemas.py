"""What goes over the wire."""

import unicodedata
import zoneinfo
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, StringConstraints
from pydantic_core import PydanticCustomError

from services.identity.avatars.schemas import Avatar
from shared.languages import LanguageTag
from shared.permissions import Role
from shared.schemas import ON_ONE_LINE, LongText, PersonName

Status = Literal["active", "suspended", "erased"]


def _refuse_control_characters(text: str) -> str:
    if any(unicodedata.category(character) == "Cc" for character in text):
        raise PydanticCustomError("control_characters", "must not contain control characters")
    return text


PRINTABLE = AfterValidator(_refuse_control_characters)
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


Headline = Annotated[str, StringConstraints(strip_whitespace=True, max_length=120), PRINTABLE, ON_ONE_LINE]
Bio = Annotated[LongText, StringConstraints(max_length=5000)]
Locale = LanguageTag
TimeZone = Annotated[str, StringConstraints(max_length=64), AfterValidator(lambda name: _refuse_unknown_zone(name))]


class Input(BaseModel):
    """Parent of what clients send."""

    model_config = ConfigDict(extra="forbid")


def _refuse_unknown_zone(name: str) -> str:
    if name not in zoneinfo.available_timezones():
        raise PydanticCustomError("time_zone", "is not a time zone of the IANA database, such as Europe/Berlin")
    return name


class UserUpdate(Input):
    """What is left out stays as it is."""

    name: PersonName = ""
    headline: Headline = ""
    bio: Bio = ""
    locale: Locale = "en"
    time_zone: TimeZone = "UTC"


class InvitationCreate(Input):
    email: Email
    name: PersonName
    roles: Annotated[list[Role], Field(min_length=1, max_length=4)] = ["student"]


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
    """With what only the owner sees. `impersonated_by` is the administrator who acts in the account's name now."""

    headline: str
    bio: str
    locale: str
    time_zone: str
    avatar: Avatar
    impersonated_by: UUID | None = None


class ProfileRead(BaseModel):
    """What anybody may know of an instructor."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str
    headline: str
    bio: str
    avatar: Avatar


class ImpersonationCreate(Input):
    """`reason` goes to the audit log, such as a ticket's number."""

    reason: Annotated[Reason, StringConstraints(min_length=3)]


class MoveCreate(Input):
    """`reason` goes to the audit log: how you know that it is them."""

    email: Email
    reason: Annotated[Reason, StringConstraints(min_length=3)]


class SignOutRead(BaseModel):
    sessions_ended: int
    api_keys_revoked: int


class SignInInput(Input):
    """How the tokens of a sign-in are wanted. Apps get them in the body and send `device_token` back at their next
    sign-in, so that a stranger's wrong guesses never keep them waiting; browsers have both secrets in cookies."""

    browser: Annotated[bool, Field(description="Refresh and device token in HttpOnly cookies, not in the body")] = False
    device_token: Annotated[SecretStr, Field(max_length=200)] = SecretStr("")


class PasswordSignIn(SignInInput):
    email: Email
    password: GivenPassword


class SessionRefresh(Input):
    """Browsers send `{}`: the token is in their cookie."""

    refresh_token: Annotated[SecretStr, Field(min_length=1, max_length=200)] | None = None


class TokensRead(BaseModel):
    """RFC 6749 section 5.1; `expires_in` is seconds. In browser mode without the two that went into cookies."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"
    expires_in: int
    refresh_token: str | None = None
    device_token: Annotated[str | None, Field(description="After a sign-in: keep it and send it with the next")] = None


class SessionRead(BaseModel):
    """`place` is the network the session began in, shortened; `current` is the one that asks; in one that is
    `by_administrator` an administrator of the academy acts in the owner's name, from a device of their own."""

    id: UUID
    device: str
    place: str
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    current: bool
    by_administrator: bool


class SessionsRead(BaseModel):
    items: list[SessionRead]


class RevocationRead(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    seq: int
    kind: str
    value: str
    before: int
    expires_at: int


class RevocationsRead(BaseModel):
    """The public keys ride along: so every service knows a new key before it signs, and forgets a retired one."""

    items: list[RevocationRead]
    last_seq: int
    keys: list[dict[str, Any]]
