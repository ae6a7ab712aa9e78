"""What administrators do to accounts. Each act: event, audit entry and revocation in one transaction."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.identity import sessions, users
from services.identity.api_keys import keys
from services.identity.audit import Origin
from services.identity.models import User
from shared import audit, locks, outbox
from shared.errors import Conflict
from shared.events import UserSuspended
from shared.preconditions import Expected


class OwnPowers(Conflict):
    slug, title = "own-powers", "You cannot take your own powers"
    detail = "Ask another administrator to change or suspend your account."


class AccountErased(Conflict):
    slug, title = "account-erased", "This account was erased"
    detail = "Nothing can be changed any more. The person may register anew."


class LastAdmin(Conflict):
    slug, title = "last-admin", "This is the last administrator"
    detail = "Make somebody else an administrator first."


def change_roles(session: Session, user_id: UUID, roles: Iterable[str], origin: Origin, expected: Expected) -> User:
    """The account with exactly these roles. Tokens with the old ones end; sessions go on with the next refresh.
    Raises UserNotFound, OwnPowers, LastAdmin."""
    user = _lock_for_powers(session, user_id)
    expected.check(user.version)
    set_roles(session, user, roles, origin)
    return user


def set_roles(session: Session, user: User, roles: Iterable[str], origin: Origin) -> None:
    """As change_roles, for a locked account, after `lock_admins`."""
    before, after = user.roles, sorted(set(roles))
    if before == after:
        return
    if "admin" not in after:
        _refuse_losing_admin(session, user, origin)
    user.roles = after
    users.announce_update(session, user)
    audit.record(session, origin, "user.roles_changed", user.id, before=before, after=after)
    sessions.end_impersonations(session, user.id)
    sessions.renew_sids(session, user.id)


def suspend_user(session: Session, user_id: UUID, reason: str, origin: Origin) -> User:
    """The account, suspended, all its sessions ended. Suspended before: unchanged.
    Raises UserNotFound, OwnPowers, LastAdmin."""
    user = _lock_for_powers(session, user_id)
    if user.id == origin.user_id:
        raise OwnPowers
    if user.status == "suspended":
        return user
    _refuse_losing_admin(session, user, origin)
    user.status = "suspended"
    users.announce_update(session, user)
    # Its own version, the higher one: a consumer that compares versions must not miss the fact with the mail.
    user.version += 1
    outbox.add(session, UserSuspended(user_id=user.id, version=user.version, reason=reason))
    ended = sessions.end_all_sessions(session, user.id)
    audit.record(session, origin, "user.suspended", user.id, reason=reason, sessions_ended=ended)
    return user


def sign_out_user(session: Session, user_id: UUID, origin: Origin) -> tuple[int, int]:
    """Ends all sessions and API keys of an account; returns how many there were of each. Raises UserNotFound."""
    user = users.lock_user(session, user_id)
    ended = sessions.end_all_sessions(session, user.id)
    revoked = keys.revoke_all_keys(session, user, origin)
    audit.record(session, origin, "user.signed_out", user.id, sessions_ended=ended)
    return ended, revoked


def reactivate_user(session: Session, user_id: UUID, origin: Origin) -> User:
    """The account, active again; its owner signs in anew. Active before: unchanged. Raises UserNotFound."""
    user = _lock_for_powers(session, user_id)
    if user.status != "active":
        user.status = "active"
        users.announce_update(session, user)
        audit.record(session, origin, "user.reactivated", user.id)
    return user


def has_admin(session: Session) -> bool:
    """True when an active administrator exists. No other transaction can change that until the commit."""
    lock_admins(session)
    return _count_admins(session) > 0


def _lock_for_powers(session: Session, user_id: UUID) -> User:
    lock_admins(session)
    user = users.lock_user(session, user_id)
    if user.status == "erased":
        raise AccountErased
    return user


def lock_admins(session: Session) -> None:
    """One change of powers at a time: two administrators who demote each other at once must not both succeed."""
    locks.take_lock(session, "admins")


def _count_admins(session: Session) -> int:
    admins = select(func.count()).select_from(User).where(User.roles.contains(["admin"]), User.status == "active")
    return session.scalars(admins).one()


def _refuse_losing_admin(session: Session, user: User, origin: Origin) -> None:
    """An admin's powers may end only by another admin, and only while one remains."""
    if "admin" not in user.roles or user.status != "active":
        return
    if user.id == origin.user_id:
        raise OwnPowers
    if _count_admins(session) <= 1:
        raise LastAdmin
