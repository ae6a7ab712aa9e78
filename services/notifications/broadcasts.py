"""News for everybody in a course, handed out in chunks: each chunk is one short transaction, a crash repeats none."""

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from services.notifications import courses
from services.notifications.models import Broadcast
from services.notifications.notices import Notice, tell_all
from shared.database import Database
from shared.hints import wake_worker

CHUNK = 500


def start_broadcast(session: Session, course_id: UUID, notice: Notice) -> None:
    """Tells everybody who is in the course when the worker comes to them; the same notice only once."""
    values = {
        "id": uuid7(),
        "kind": notice.kind,
        "fact": notice.fact,
        "course_id": course_id,
        "link": notice.link,
        "title": notice.title,
        "body": notice.body,
        "context": dict(notice.context),
    }
    statement = insert(Broadcast).values(**values)
    session.execute(statement.on_conflict_do_nothing(index_elements=["kind", "fact"]))
    wake_worker(session, "broadcasts")


def hand_out_chunk(database: Database) -> bool:
    """Tells the next people of the oldest open broadcast. Returns False when none is open."""
    oldest_open = select(Broadcast).where(Broadcast.done_at.is_(None)).order_by(Broadcast.id).limit(1)
    with database.begin() as session:
        broadcast = session.scalar(oldest_open.with_for_update(skip_locked=True))
        if broadcast is None:
            return False
        learners = courses.list_learners(session, broadcast.course_id, broadcast.after_user_id, CHUNK)
        tell_all(session, learners, _notice(broadcast), is_bulk=True)
        if len(learners) < CHUNK:
            broadcast.done_at = func.now()
        else:
            broadcast.after_user_id = learners[-1].user_id
    return True


def _notice(broadcast: Broadcast) -> Notice:
    b = broadcast
    return Notice(b.kind, b.fact, b.link, b.title, b.body, b.context)
