"""Credentials over the wire."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from services.identity.schemas import Email, GivenPassword, Input, NewPassword, SignInInput, TokensRead, UserRead
from shared.schemas import PersonName

LinkToken = Annotated[
    SecretStr, Field(min_length=1, max_length=200, description="What the mailed link has after #token=")
]


class RegistrationCreate(Input):
    """The password is set on the page of the mailed link."""

    email: Email
    name: PersonName


class LinkRequest(Input):
    email: Email


class MailRead(BaseModel):
    """The same for every address. `expires_in` (seconds) is how long the mailed link is good."""

    email: str
    expires_in: int


class EmailVerification(SignInInput):
    """`password` is of who follows the link."""

    token: LinkToken
    password: NewPassword


# The plugin of mypy gives each model a constructor of its own, and two parents then disagree.
class RegisteredRead(UserRead, TokensRead):  # type: ignore[misc]
    """The new account, and the tokens of its first session."""


class EmailChangeConfirm(Input):
    token: LinkToken


class EmailChangeRead(BaseModel):
    """`waiting`: the other mailbox has not confirmed yet. `changed`: the account has its new address."""

    status: Literal["waiting", "changed"]


class PasswordReset(Input):
    token: LinkToken
    password: NewPassword


class PasswordChange(SignInInput):
    current_password: GivenPassword
    password: NewPassword


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
