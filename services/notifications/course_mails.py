"""Mails about courses: who wants them, and the link that ends them. Notifications in the app go on."""

from uuid import UUID

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from services.notifications import people
from services.notifications.models import Person
from shared.errors import NotFound

KINDS = frozenset(
    {
        *("announcement", "live_session_scheduled", "live_session_changed", "live_session_cancelled"),
        "live_session_reminder",
    }
)


class UnsubscribeLinkUnknown(NotFound):
    slug, title = "unsubscribe-link-unknown", "This link does not belong to any mail"
    detail = "Use the link of the newest mail, or PUT /api/v1/notifications/settings."


def unsubscribe_path(person: Person) -> str:
    """The path of the API that ends the person's course mails without a sign-in."""
    return f"/api/v1/notifications/unsubscribe/{person.unsubscribe_token}"


def wants_course_mails(session: Session, user_id: UUID) -> bool:
    """The person's choice; mails are on until it is made."""
    chosen = session.scalar(select(Person.course_mails).where(Person.user_id == user_id))
    return True if chosen is None else chosen


def choose(session: Session, user_id: UUID, course_mails: bool) -> None:
    """Stores the person's choice."""
    people.lock_person(session, user_id).course_mails = course_mails


def check_token(session: Session, token: UUID) -> None:
    """Raises UnsubscribeLinkUnknown."""
    if not session.scalar(select(exists().where(Person.unsubscribe_token == token))):
        raise UnsubscribeLinkUnknown


def unsubscribe(session: Session, token: UUID) -> None:
    """Ends the course mails of the link's person; again changes nothing. Raises UnsubscribeLinkUnknown."""
    ended = update(Person).where(Person.unsubscribe_token == token).values(course_mails=False)
    if session.execute(ended.returning(Person.user_id)).first() is None:
        raise UnsubscribeLinkUnknown
