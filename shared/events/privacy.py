"""What every service answers when identity asks for a person's data, or for its erasure."""

from typing import ClassVar
from uuid import UUID

from pydantic import AwareDatetime

from shared.events.event import Event
from shared.events.identity import IdentityEvent


class PersonExportRequested(IdentityEvent):
    """Every service answers with PersonDataExported."""

    export_id: UUID


class PersonExportReady(IdentityEvent):
    """`token` completes the link of the mail; it works once, until `expires_at`."""

    is_kept: ClassVar[bool] = False
    export_id: UUID
    token: str
    expires_at: AwareDatetime


class PersonErasureRequested(IdentityEvent):
    """Every service erases or pseudonymises what it has of the person and answers with PersonErased. Asked again with
    the same id, it does so again: the saga is repeated until every receipt is there."""

    erasure_id: UUID


class PrivacyAnswer(Event):
    """Published by any service: `service` says which."""

    source: ClassVar[str] = ""
    subject_field: ClassVar[str] = "user_id"
    sources: ClassVar[tuple[str, ...]] = ("catalog", "billing", "certificates", "notifications", "live")
    publisher_field: ClassVar[str] = "service"
    user_id: UUID
    service: str


class PersonDataExported(PrivacyAnswer):
    """Part `part` (from 1) of `parts` of a JSON text: {table: [row, ...]}. The one event that carries personal data in
    bulk, so its copy in the outbox goes as soon as it is published."""

    is_kept: ClassVar[bool] = False
    export_id: UUID
    part: int
    parts: int
    content: str


class PersonErased(PrivacyAnswer):
    """The receipt: how many rows of which table were erased or pseudonymised."""

    erasure_id: UUID
    counts: dict[str, int]
