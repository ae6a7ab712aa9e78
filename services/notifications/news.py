"""Events may overtake each other; telling people yesterday's state after today's would mislead them."""

from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.notifications.models import HeardVersion


def is_news(session: Session, subject_id: UUID, version: int) -> bool:
    """Remembers the version of an order, certificate or live session. Returns False when a newer one was heard."""
    statement = insert(HeardVersion).values(subject_id=subject_id, version=version)
    not_older = statement.on_conflict_do_update(
        index_elements=["subject_id"],
        set_={"version": statement.excluded.version},
        where=statement.excluded.version >= HeardVersion.version,
    )
    return session.execute(not_older.returning(HeardVersion.subject_id)).first() is not None
