"""Who can be told something: identity's users, merged from their events in any order."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.notifications.models import Person
from services.notifications.texts import one_line
from shared.events import UserRegistered, UserSuspended, UserUpdated
from shared.inbox import Waiting


class PersonUnknown(Waiting):
    """Their registration has not been heard yet; what is to be told waits for it."""


def merge_profile(session: Session, event: UserRegistered | UserUpdated) -> None:
    """Keeps name, address, time zone and status as of the newest event."""
    person = lock_person(session, event.user_id)
    if event.version > person.profile_version:
        person.email, person.name, person.profile_version = event.email, one_line(event.name), event.version
        if isinstance(event, UserUpdated):
            person.locale = event.locale or person.locale
            person.time_zone = event.time_zone or person.time_zone
    if event.version > person.status_version:
        person.suspended = isinstance(event, UserUpdated) and event.status == "suspended"
        person.status_version = event.version


def merge_suspension(session: Session, event: UserSuspended) -> None:
    """Keeps the suspension unless something newer is known. It may come before the registration."""
    person = lock_person(session, event.user_id)
    if event.version > person.status_version:
        person.suspended, person.status_version = True, event.version


def get_person(session: Session, user_id: UUID) -> Person:
    """The person with name and address, or without them when erased. Raises PersonUnknown."""
    person = session.get(Person, user_id)
    if person is None or (person.email is None and not person.erased):
        raise PersonUnknown(f"user {user_id}")
    return person


def forget_person(session: Session, user_id: UUID, version: int) -> None:
    """Leaves a tombstone as of the account's newest version: no older event brings name and address back."""
    person = lock_person(session, user_id)
    person.email = person.name = None
    person.locale, person.time_zone = "en", "UTC"
    person.erased = True
    person.profile_version = person.status_version = max(version, person.profile_version, person.status_version)


def lock_person(session: Session, user_id: UUID) -> Person:
    """The person's row, locked; a new one without name and address when nothing was heard of them."""
    nobody = {"user_id": user_id, "profile_version": 0, "suspended": False, "status_version": 0}
    session.execute(insert(Person).values(**nobody).on_conflict_do_nothing())
    return session.scalars(select(Person).where(Person.user_id == user_id).with_for_update()).one()
