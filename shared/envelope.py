"""How an event travels: CloudEvents 1.0 structured JSON, at most 256 KB."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError
from uuid_utils.compat import uuid7

from shared.events import EVENTS, Event

MAX_ENVELOPE_BYTES = 256 * 1024


class Envelope(BaseModel):
    """CloudEvents 1.0 structured JSON (https://github.com/cloudevents/spec); `subject` is the aggregate's id."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    specversion: str = Field("1.0", pattern=r"^1\.0$")
    id: UUID
    source: str
    type: str
    subject: str
    time: AwareDatetime
    dataversion: int = 1
    datacontenttype: str = "application/json"
    traceparent: str | None = None
    data: dict[str, Any]

    def event(self) -> Event:
        """The typed event. Raises UnreadableEnvelope when the type is unknown, too new or its data does not fit."""
        cls = EVENTS.get(self.type)
        if cls is None or self.source not in cls.publishers() or self.dataversion > cls.dataversion:
            raise UnreadableEnvelope(f"{self.source}/{self.type} version {self.dataversion} is not known here")
        try:
            return cls.model_validate(self.data)
        except ValidationError as error:
            raise UnreadableEnvelope(_faults(error)) from error


class UnreadableEnvelope(ValueError):
    """The bytes of a message are not an event of the published language."""


def wrap(event: Event, traceparent: str | None = None) -> Envelope:
    """The event in a new envelope with a time-ordered id."""
    return Envelope(
        specversion="1.0",
        id=uuid7(),
        source=event.publisher,
        type=type(event).__name__,
        subject=event.subject,
        time=datetime.now(UTC),
        dataversion=event.dataversion,
        traceparent=traceparent,
        data=event.model_dump(mode="json"),
    )


def parse_envelope(body: bytes) -> Envelope:
    """The envelope in a message body. Raises UnreadableEnvelope for anything else, whatever the bytes are."""
    if len(body) > MAX_ENVELOPE_BYTES:
        raise UnreadableEnvelope(f"{len(body)} bytes are over the limit of {MAX_ENVELOPE_BYTES}")
    try:
        envelope = Envelope.model_validate_json(body)
    except ValidationError as error:
        raise UnreadableEnvelope(_faults(error)) from error
    except RecursionError as error:
        raise UnreadableEnvelope("nested too deeply") from error
    # Postgres stores no NUL in text or jsonb: nothing could be done with such an event, not even keep it for later.
    if b"\\u0000" in body and _holds_nul(envelope.model_dump()):
        raise UnreadableEnvelope("a text in it holds a NUL character")
    return envelope


def _faults(error: ValidationError) -> str:
    # The fields and what is wrong with them, never what was in them: it goes to the log, and may be about a person.
    faults = error.errors(include_input=False, include_url=False, include_context=False)
    return "; ".join(f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}" for fault in faults)


def _holds_nul(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_holds_nul(part) for pair in value.items() for part in pair)
    if isinstance(value, list):
        return any(_holds_nul(part) for part in value)
    return isinstance(value, str) and "\0" in value
