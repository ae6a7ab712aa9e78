"""Reading the audit log."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.identity.models import AuditEntry
from shared.pagination import PageRequest, cut_page, sort_key


@dataclass(frozen=True)
class AuditFilter:
    """Which entries: by who acted (also in another's name), whom it concerned, what was done, and when. None means all.
    `action` is a whole action or its noun, such as `user`."""

    actor_id: UUID | None = None
    object_id: UUID | None = None
    action: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def list_entries(session: Session, which: AuditFilter, page: PageRequest) -> tuple[list[AuditEntry], str | None]:
    """A page of entries, the newest first, and the cursor of the next page."""
    statement = select(AuditEntry).order_by(AuditEntry.id.desc()).limit(page.limit + 1)
    if which.actor_id:
        by = (AuditEntry.actor_id == which.actor_id) | (AuditEntry.impersonator_id == which.actor_id)
        statement = statement.where(by)
    if which.object_id:
        statement = statement.where(AuditEntry.object_id == which.object_id)
    if which.action:
        noun = AuditEntry.action.startswith(f"{which.action}.", autoescape=True)
        statement = statement.where((AuditEntry.action == which.action) | noun)
    if which.since:
        statement = statement.where(AuditEntry.at >= which.since)
    if which.until:
        statement = statement.where(AuditEntry.at < which.until)
    if key := sort_key(page, int):
        statement = statement.where(AuditEntry.id < key[0])
    return cut_page(session.scalars(statement).all(), page, lambda entry: [entry.id])
