"""What people say of themselves, and what the public may see of instructors."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.identity import users
from services.identity.audit import Origin
from services.identity.models import User
from shared import audit
from shared.errors import NotFound
from shared.preconditions import Expected

# The fields that UserUpdated carries.
PUBLISHED = {"name", "locale", "time_zone"}


class ProfileNotFound(NotFound):
    slug, title = "profile-not-found", "There is no such profile"
    detail = "Only instructors have a public one. Check the id; a course names its instructor's."


def update_profile(session: Session, changes: Mapping[str, str], expected: Expected, origin: Origin) -> User:
    """The caller's account with these fields changed. The other services hear of those that they use."""
    assert origin.user_id, "only the signed in have a profile"
    user = users.lock_user(session, origin.user_id)
    expected.check(user.version)
    changed = {name for name, value in changes.items() if getattr(user, name) != value}
    for name in changed:
        setattr(user, name, changes[name])
    if changed & PUBLISHED:
        users.announce_update(session, user)
    elif changed:
        user.version += 1
    if changed:
        audit.record(session, origin, "user.profile_changed", user.id, fields=sorted(changed))
    return user


def get_instructor(session: Session, user_id: UUID) -> User:
    """An active instructor. Raises ProfileNotFound for everybody else: who has an account is nobody's business."""
    public = select(User).where(User.id == user_id, User.status == "active", User.roles.contains(["instructor"]))
    instructor = session.scalars(public).one_or_none()
    if instructor is None:
        raise ProfileNotFound
    return instructor
