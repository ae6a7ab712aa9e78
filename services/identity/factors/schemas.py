"""Second factors over the wire."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints

from services.identity.schemas import Input, SignInInput
from shared.codes import CLEANED_WITHOUT_DASHES
from shared.schemas import PersonName

TicketToken = Annotated[SecretStr, Field(min_length=1, max_length=200)]
# What navigator.credentials answers, as its toJSON() writes it.
Credential = Annotated[dict[str, Any], Field(description="PublicKeyCredential.toJSON() of the browser")]
Options = Annotated[dict[str, Any], Field(description="For PublicKeyCredential.parse...OptionsFromJSON()")]
TotpCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$"), CLEANED_WITHOUT_DASHES, Field(examples=["492039"])]


class SecondFactorRead(BaseModel):
    """202: the password was right. Send `ticket` with one of `methods` within `expires_in` seconds."""

    ticket: str
    methods: list[Literal["totp", "passkey", "recovery_code"]]
    expires_in: int


class CodeSignIn(SignInInput):
    """One of the two codes."""

    ticket: TicketToken
    code: TotpCode | None = None
    recovery_code: Annotated[SecretStr, Field(max_length=100)] = SecretStr("")


class PasskeyQuestion(Input):
    """With the ticket of a first step: a passkey of that account. Without: any account's."""

    ticket: Annotated[SecretStr, Field(max_length=200)] = SecretStr("")


class PasskeyChallengeRead(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    ticket: str
    options: Options


class PasskeySignIn(SignInInput):
    ticket: TicketToken
    credential: Credential


class PasskeyCreate(Input):
    ticket: TicketToken
    # The owner's mails list it.
    name: PersonName
    credential: Credential


class PasskeyRead(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str
    created_at: datetime
    last_used_at: datetime | None


class PasskeyCreated(PasskeyRead):
    """`recovery_codes` are shown once, with the first factor."""

    recovery_codes: list[str]


class TotpRead(BaseModel):
    """`uri` is for a QR code, `secret` for typing."""

    model_config = ConfigDict(from_attributes=True)

    secret: str
    uri: str


class TotpConfirm(Input):
    code: TotpCode


class RecoveryCodesRead(BaseModel):
    """Shown once: to be printed or kept in a safe place. Empty when there were codes already."""

    recovery_codes: list[str]


class FactorsRead(BaseModel):
    totp: bool
    passkeys: list[PasskeyRead]
    recovery_codes_left: int
