"""Live sessions: schedule, change, cancel, list."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, or_, select
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from services.live.models import Course, Grant, LiveSession
from services.live.projections import find_course
from services.live.rooms import new_room
from services.live.times import start_fault
from shared import limits, outbox
from shared.errors import Conflict, Forbidden, Invalid, NotFound
from shared.events import LiveSessionCancelled, LiveSessionChanged, LiveSessionScheduled
from shared.limits import Limit
from shared.preconditions import Expected

# Each is a mail to everybody enrolled. Cancelling is always possible, once per session.
NEWS = Limit(
    "live-session-news",
    "live sessions scheduled or changed",
    30,
    "course",
    timedelta(days=1),
    "Announce small changes to the course instead.",
)


class LiveSessionNotFound(NotFound):
    slug, title = "live-session-not-found", "There is no such live session"
    detail = "Check the id; GET /api/v1/live-sessions lists those of your courses."


class NotTheHost(Forbidden):
    slug, title = "not-the-host", "Only the course's instructor may do this"
    detail = "Ask the instructor of the course, or sign in as one."


class LiveSessionEnded(Conflict):
    slug, title = "live-session-cancelled", "This live session was cancelled"
    detail = "Schedule a new one with POST /api/v1/live-sessions."


def schedule_session(session: Session, host_id: UUID, is_admin: bool, fields: dict[str, Any]) -> LiveSession:
    """A new live session of a published course. Raises Invalid("course_id"), NotTheHost,
    LimitReached."""
    course = find_course(session, fields["course_id"])
    if course is None or course.archived:
        raise Invalid("course_id", "is not a published course")
    if course.instructor_id != host_id and not is_admin:
        raise NotTheHost
    limits.use(session, NEWS, course.course_id)
    live = LiveSession(id=uuid7(), host_id=host_id, room=new_room(), **fields)
    session.add(live)
    session.flush()
    outbox.add(session, LiveSessionScheduled(**facts_of(live, course)))
    return live


def change_session(
    session: Session, live_session_id: UUID, user_id: UUID, is_admin: bool, changes: dict[str, Any], expected: Expected
) -> LiveSession:
    """Changes the given fields; without a difference nothing is published. Raises LiveSessionNotFound, NotTheHost,
    LiveSessionEnded, LimitReached, and Invalid for a new start that is past or too far ahead."""
    live, course = _lock_for_host(session, live_session_id, user_id, is_admin)
    expected.check(live.version)
    different = {name: value for name, value in changes.items() if getattr(live, name) != value}
    if "starts_at" in different and (fault := start_fault(different["starts_at"])):
        raise Invalid("starts_at", fault)
    if different:
        limits.use(session, NEWS, course.course_id)
        for name, value in different.items():
            setattr(live, name, value)
        live.version += 1
        session.flush()
        outbox.add(session, LiveSessionChanged(**facts_of(live, course)))
    return live


def cancel_session(session: Session, live_session_id: UUID, user_id: UUID, is_admin: bool) -> LiveSession:
    """Cancels it; again is refused. Raises LiveSessionNotFound, NotTheHost, LiveSessionEnded."""
    live, course = _lock_for_host(session, live_session_id, user_id, is_admin)
    live.status = "cancelled"
    live.version += 1
    session.flush()
    outbox.add(session, LiveSessionCancelled(**facts_of(live, course)))
    return live


def get_session_for(session: Session, live_session_id: UUID, user_id: UUID, is_admin: bool) -> Row[Any]:
    """(LiveSession, course title) if the person may see it. Raises LiveSessionNotFound."""
    statement = visible_sessions(user_id, is_admin).where(LiveSession.id == live_session_id)
    row = session.execute(statement).first()
    if row is None:
        raise LiveSessionNotFound
    return row


def visible_sessions(user_id: UUID, is_admin: bool) -> Any:
    """SELECT (LiveSession, course title): of the courses that the person teaches or learns, of all for admins."""
    statement = select(LiveSession, Course.title.label("course_title")).join(
        Course, Course.course_id == LiveSession.course_id
    )
    return statement if is_admin else statement.where(or_(_teaches(user_id), may_learn(user_id)))


def _teaches(user_id: UUID) -> ColumnElement[bool]:
    return Course.instructor_id == user_id


def may_learn(user_id: UUID) -> ColumnElement[bool]:
    """SQL condition: the person has an active grant for the live session's course."""
    grant = select(Grant.enrollment_id).where(
        Grant.course_id == LiveSession.course_id, Grant.user_id == user_id, Grant.active
    )
    return grant.exists()


def _lock_for_host(
    session: Session, live_session_id: UUID, user_id: UUID, is_admin: bool
) -> tuple[LiveSession, Course]:
    get_session_for(session, live_session_id, user_id, is_admin)
    live = session.get_one(LiveSession, live_session_id, with_for_update=True, populate_existing=True)
    course = session.get_one(Course, live.course_id)
    if course.instructor_id != user_id and not is_admin:
        raise NotTheHost
    if live.status == "cancelled":
        raise LiveSessionEnded
    return live, course


def facts_of(live: LiveSession, course: Course) -> dict[str, Any]:
    """What every event about a live session tells."""
    return {
        "live_session_id": live.id,
        "version": live.version,
        "course_id": live.course_id,
        "course_title": course.title,
        "title": live.title,
        "starts_at": live.starts_at,
        "duration_minutes": live.duration_minutes,
    }
