"""Reading the audit log."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, or_, select
from sqlalchemy.orm import Session

from shared.auditing.tables import audit
from shared.pagination import PageRequest, cut_page, sort_key


@dataclass(frozen=True)
class AuditFilter:
    """Which entries: by who acted (also in another's name), what it concerned, what was done, and when. None means all.
    `action` is a whole action or its noun, such as `user`."""

    actor_id: UUID | None = None
    object_id: UUID | None = None
    action: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def list_entries(session: Session, which: AuditFilter, page: PageRequest) -> tuple[list[Row[Any]], str | None]:
    """A page of entries, the newest first, and the cursor of the next page."""
    statement = select(audit).order_by(audit.c.id.desc()).limit(page.limit + 1)
    if which.actor_id:
        by = (audit.c.actor_id == which.actor_id) | (audit.c.impersonator_id == which.actor_id)
        statement = statement.where(by)
    if which.object_id:
        statement = statement.where(audit.c.object_id == which.object_id)
    if which.action:
        noun = audit.c.action.startswith(f"{which.action}.", autoescape=True)
        statement = statement.where((audit.c.action == which.action) | noun)
    if which.since:
        statement = statement.where(audit.c.at >= which.since)
    if which.until:
        statement = statement.where(audit.c.at < which.until)
    if key := sort_key(page, int):
        statement = statement.where(audit.c.id < key[0])
    return cut_page(session.execute(statement).all(), page, lambda entry: [entry.id])


def select_own(user_id: UUID) -> Select[Any]:
    """What the log has about a person, as they may see it: what they did or was done to them, when and from where."""
    columns = (audit.c.at, audit.c.action, audit.c.ip, audit.c.user_agent)
    return select(*columns).where(or_(audit.c.actor_id == user_id, audit.c.object_id == user_id))
