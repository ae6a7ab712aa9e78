"""A person's data in one service: told to identity when it asks, erased when it asks. docs/adr has the why.

A service says as data which rows are a person's, and erases them in one function; the rest is alike everywhere:
answers, receipts, and what the kernel's own tables remember of the person.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Column, ColumnElement, RowMapping, Select, Text, cast, delete, func, or_, select, update
from sqlalchemy.orm import Session

from shared import limits, outbox, tables
from shared.events import (
    EVENTS,
    PersonDataExported,
    PersonErased,
    PersonErasureRequested,
    PersonExportRequested,
)
from shared.inbox import Handler, Waiting

# Characters of a part: at most four bytes each, escaped once more in the envelope, which may have 256 KB.
PART_LENGTH = 30_000
# How many rows one statement searches: none runs into the statement's time limit, however long the history.
SPAN = 20_000
# They hold ids and nothing else, and are the proof of what was done.
PROOFS = ("PersonErasureRequested", "PersonErased")

Rows = Callable[[UUID], Select[Any]]
Counts = dict[str, int]


@dataclass(frozen=True)
class Privacy:
    """`export` names the rows that are a person's, by table. `erase(session, user_id, version)` removes them or makes
    them nobody's, is safe to repeat, and says how many it changed; `version` is that of the erased account, so that no
    older event brings anything back."""

    service: str
    export: Mapping[str, Rows]
    erase: Callable[[Session, UUID, int], Counts]

    def handlers(self) -> dict[Any, Handler]:
        """The two events that each service handles alike."""
        return {PersonExportRequested: self.on_export_requested, PersonErasureRequested: self.on_erasure_requested}

    def on_export_requested(self, session: Session, event: PersonExportRequested) -> None:
        """Answers with all the person's rows."""
        parts = split(collect(session, self.export, event.user_id))
        facts = {"user_id": event.user_id, "service": self.service, "export_id": event.export_id, "parts": len(parts)}
        for number, content in enumerate(parts, start=1):
            outbox.add(session, PersonDataExported(**facts, part=number, content=content))

    def on_erasure_requested(self, session: Session, event: PersonErasureRequested) -> None:
        """Erases and answers with the receipt, in one transaction."""
        require_published(session, event.user_id)
        counts = {**self.erase(session, event.user_id, event.version), **erase_traces(session, event.user_id)}
        facts = {"user_id": event.user_id, "service": self.service, "erasure_id": event.erasure_id}
        outbox.add(session, PersonErased(**facts, counts=counts))


def collect(session: Session, export: Mapping[str, Rows], user_id: UUID) -> str:
    """All rows of a person as a JSON text: {table: [row, ...]}."""
    found = {
        table: [_named(row) for row in session.execute(rows(user_id)).mappings()] for table, rows in export.items()
    }
    return orjson.dumps(found, default=_plain, option=orjson.OPT_UTC_Z).decode()


def _named(row: RowMapping) -> dict[str, Any]:
    # A Table's column names are a subclass of str, and orjson takes no such keys.
    return {str(name): value for name, value in row.items()}


def split(text: str) -> list[str]:
    """The text in pieces that each fit into an event."""
    return [text[start : start + PART_LENGTH] for start in range(0, len(text), PART_LENGTH)]


def require_published(session: Session, user_id: UUID) -> None:
    """Raises Waiting while an event about the person is not published yet: it would stay behind. Before anything is
    erased, which may be news by itself."""
    o = tables.outbox.c
    about = (_mentions(o.envelope, [str(user_id)]), o.type.not_in(PROOFS))
    if session.execute(select(o.id).where(o.published_at.is_(None), *about).limit(1)).first():
        raise Waiting("events about the person are not published yet")


def erase_traces(session: Session, user_id: UUID, *words: str) -> Counts:
    """Removes what the kernel's tables remember of the person: published events, events that wait or are parked, what
    was rejected, answers kept for repeated requests, counts of limits. `words` are further texts to search for, such as
    an address."""
    wanted = [str(user_id), *words]
    o, i, r, k = tables.outbox.c, tables.inbox.c, tables.inbox_rejected.c, tables.idempotency_keys.c
    about = (o.published_at.is_not(None), _mentions(o.envelope, wanted), o.type.not_in(PROOFS))
    published = 0
    for start in range(*_span(session, o.id), SPAN):
        within = o.id.between(start, start + SPAN - 1)
        published += _count(session, delete(tables.outbox).where(within, *about).returning(o.id))
    # Their facts are of nobody any more; done, they are not handled again should they be delivered again.
    held = update(tables.inbox).where(i.status.in_(("pending", "parked")), i.source.in_(_services()))
    held = held.where(_mentions(i.payload, wanted), i.type.not_in(PROOFS))
    forgotten = held.values(status="done", payload=None, last_error=None, claimed_at=None)
    rejected = _in_bytes(r.body, wanted)
    limits.forget(session, user_id)
    return {
        "outbox": published,
        "inbox": _count(session, forgotten.returning(i.event_id)),
        "inbox_rejected": _count(session, delete(tables.inbox_rejected).where(rejected).returning(r.id)),
        "idempotency_keys": _count(
            session, delete(tables.idempotency_keys).where(k.actor_id == user_id).returning(k.key)
        ),
    }


def _services() -> set[str]:
    return {service for cls in EVENTS.values() for service in cls.publishers()}


def _mentions(column: Column[Any], words: list[str]) -> ColumnElement[bool]:
    return or_(*(func.strpos(cast(column, Text), word) > 0 for word in words))


def _in_bytes(column: Column[Any], words: list[str]) -> ColumnElement[bool]:
    # By the hexadecimal form: a rejected message may be no text at all.
    return or_(*(func.strpos(func.encode(column, "hex"), word.encode().hex()) > 0 for word in words))


def _span(session: Session, column: Column[Any]) -> tuple[int, int]:
    lowest, highest = session.execute(select(func.min(column), func.max(column))).one()
    return lowest or 0, (highest or 0) + 1


def _count(session: Session, statement: Any) -> int:
    return len(session.execute(statement).all())


def _plain(value: Any) -> str:
    return bytes(value).decode(errors="replace") if isinstance(value, (bytes, memoryview)) else str(value)
