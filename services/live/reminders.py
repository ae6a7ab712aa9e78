"""Reminders: each learner of a course hears once of each start, shortly before it."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from services.live.models import Course, Grant, LiveSession
from services.live.sessions import facts_of
from shared import outbox
from shared.database import Database
from shared.events import LiveSessionReminderDue


def remind_learners(database: Database, lead: timedelta) -> None:
    """Tells the learners of every live session that starts within `lead`, one session a transaction. A session that was
    moved is reminded of again; one that has begun is not: a worker that was away for longer comes too late."""
    with database.begin() as session:
        due = session.scalars(select(LiveSession.id).where(*_is_due(lead)).order_by(LiveSession.starts_at)).all()
    for live_session_id in due:
        with database.begin() as session:
            _remind(session, live_session_id, lead)


def _remind(session: Session, live_session_id: UUID, lead: timedelta) -> None:
    found = select(LiveSession).where(LiveSession.id == live_session_id, *_is_due(lead)).with_for_update()
    live = session.scalars(found).first()
    if live is None:
        return
    course = session.get_one(Course, live.course_id)
    learners = select(Grant.user_id).where(Grant.course_id == live.course_id, Grant.active).distinct()
    for user_id in session.scalars(learners):
        outbox.add(session, LiveSessionReminderDue(**facts_of(live, course), user_id=user_id))
    live.reminded_of = live.starts_at


def _is_due(lead: timedelta) -> tuple[ColumnElement[bool], ...]:
    return (
        LiveSession.status == "scheduled",
        LiveSession.starts_at.between(func.now(), func.now() + lead),
        LiveSession.reminded_of.is_distinct_from(LiveSession.starts_at),
    )
