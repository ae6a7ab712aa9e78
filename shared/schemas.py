"""Building blocks of request and answer shapes: strict input, texts with limits, money."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from shared import names


def _without_control_characters(value: str) -> str:
    # Postgres refuses NUL in text; the other controls have no place in what people read (tab and newline do).
    if any(ord(character) < 32 and character not in "\t\n\r" for character in value) or "\x7f" in value:
        raise ValueError("must not contain control characters")
    # Lone surrogates cannot be encoded as UTF-8, so neither stored nor answered.
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise ValueError("must be valid Unicode") from error
    return value


def _seen(value: str) -> str:
    if not names.is_visible(value):
        raise ValueError("must have at least one visible character")
    return value


def _on_one_line(value: str) -> str:
    if not names.is_one_line(value):
        raise ValueError("must be on one line, without control characters")
    if names.turns_direction(value):
        raise ValueError("must not contain characters that turn the reading direction, such as U+202E")
    return value


def _of_a_person(value: str) -> str:
    if names.holds_address(value):
        raise ValueError("must not contain an address; write a space after each dot")
    return value


# Stripped and measured first, then read: constraints that follow a validator would measure what is not yet stripped.
_READABLE = AfterValidator(_without_control_characters)
ON_ONE_LINE = AfterValidator(_on_one_line)
VISIBLE = AfterValidator(_seen)
# Of things: titles, keys. Every name and title of every service is one of these two.
Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), _READABLE, ON_ONE_LINE, VISIBLE
]
# Of people, and what else they call something that we mail to them: no part of it may become a link there.
PersonName = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=100),
    _READABLE,
    ON_ONE_LINE,
    VISIBLE,
    AfterValidator(_of_a_person),
]
ShortText = Annotated[str, StringConstraints(strip_whitespace=True, max_length=1_000), _READABLE]
LongText = Annotated[str, StringConstraints(strip_whitespace=True, max_length=100_000), _READABLE]

_DAY_AND_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]")


def _written_out(value: Any) -> Any:
    # A bare number would be taken for seconds since 1970, so `2026` for a morning of that year.
    if isinstance(value, datetime) or (isinstance(value, str) and _DAY_AND_TIME.match(value)):
        return value
    raise ValueError("must be a day and a time as RFC 3339 writes them, such as 2026-11-22T18:33:50Z")


def _in_utc(value: datetime) -> datetime:
    # Postgres refuses offsets from UTC that Python allows.
    try:
        return value.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("must lie between the years 1 and 9999") from error


# A time that a caller sends; its offset may be any.
Moment = Annotated[AwareDatetime, BeforeValidator(_written_out), AfterValidator(_in_utc)]


class Input(BaseModel):
    """Parent of request bodies: an unknown field is refused, so that a typing error is not silently ignored."""

    model_config = ConfigDict(extra="forbid")


class Money(BaseModel):
    """An amount in minor units (cents) of an ISO 4217 currency."""

    amount: int = Field(ge=0, le=99_999_999, examples=[4900])
    currency: str = Field(pattern=r"^[A-Z]{3}$", examples=["USD"])
