"""What notifications has of a person, and its erasure."""

from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from services.notifications import people
from services.notifications.models import Delivery, Enrollment, Message, Person
from shared.privacy import Counts, Privacy


def erase(session: Session, user_id: UUID, version: int) -> Counts:
    """Removes messages, mails and enrollments; of the person stays a row that says: tell them nothing any more."""
    people.forget_person(session, user_id, version)
    counts = {"people": 1}
    for model, key in ((Message, Message.id), (Delivery, Delivery.id), (Enrollment, Enrollment.enrollment_id)):
        removed = delete(model).where(model.user_id == user_id).returning(key)
        counts[str(model.__tablename__)] = len(session.execute(removed).all())
    return counts


PRIVACY = Privacy(
    "notifications",
    {
        "people": lambda user_id: select(Person.__table__).where(Person.user_id == user_id),
        "messages": lambda user_id: select(Message.__table__).where(Message.user_id == user_id),
        "deliveries": lambda user_id: select(Delivery.__table__).where(Delivery.user_id == user_id),
        "enrollments": lambda user_id: select(Enrollment.__table__).where(Enrollment.user_id == user_id),
    },
    erase,
)
