"""What notifications has of a person, and its erasure."""

from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from services.notifications import people
from services.notifications.models import Delivery, Enrollment, Message, Person
from shared.privacy import Counts, Privacy


def erase(session: Session, user_id: UUID, version: int) -> Counts:
    """Removes messages, mails and enrollments; of the person stays a row that says: tell them nothing any more."""
    counts = {"people": 1, "attempts": _forget_attempts(session, user_id)}
    people.forget_person(session, user_id, version)
    for model, key in ((Message, Message.id), (Delivery, Delivery.id), (Enrollment, Enrollment.enrollment_id)):
        removed = delete(model).where(model.user_id == user_id).returning(key)
        counts[str(model.__tablename__)] = len(session.execute(removed).all())
    return counts


def _forget_attempts(session: Session, user_id: UUID) -> int:
    """Removes the mails of registrations with the person's address whose links were not followed: those of other
    accounts, which never came to be."""
    address = select(func.lower(Person.email)).where(Person.user_id == user_id).scalar_subquery()
    attempts = delete(Delivery).where(func.lower(Delivery.recipient) == address, Delivery.kind == "email_verification")
    return len(session.execute(attempts.returning(Delivery.id)).all())


_SHOWN = [column for column in Person.__table__.columns if column.name != "unsubscribe_token"]
PRIVACY = Privacy(
    "notifications",
    {
        # Without the token: whoever has it can end the person's mails.
        "people": lambda user_id: select(*_SHOWN).where(Person.user_id == user_id),
        "messages": lambda user_id: select(Message.__table__).where(Message.user_id == user_id),
        "deliveries": lambda user_id: select(Delivery.__table__).where(Delivery.user_id == user_id),
        "enrollments": lambda user_id: select(Enrollment.__table__).where(Enrollment.user_id == user_id),
    },
    erase,
)
