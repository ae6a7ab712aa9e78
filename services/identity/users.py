"""Accounts: who somebody is."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from services.identity.audit import Origin
from services.identity.emails import EmailAddress
from services.identity.models import User
from shared import audit, outbox
from shared.errors import Conflict, Invalid, NotFound
from shared.events import UserRegistered, UserUpdated
from shared.pagination import PageRequest, cut_page

# Of accounts that are entered in other ways. It is compared like any hash, so it takes as long, and matches nothing.
NO_PASSWORD = ""


class EmailTaken(Conflict):
    slug, title = "email-taken", "There is an account with this e-mail address"

    def __init__(self) -> None:
        errors = [{"field": "email", "message": "has an account already", "code": "email_taken"}]
        super().__init__("Sign in with it, or register with another address.", errors=errors)


class UserNotFound(NotFound):
    slug, title = "user-not-found", "There is no such user"
    detail = "Check the id; GET /api/v1/admin/users lists all."


@dataclass(frozen=True)
class UserFilter:
    """Which users a list shows: `text` is part of the name or address; None means all."""

    text: str | None = None
    role: str | None = None
    status: str | None = None


@dataclass(frozen=True)
class NewAccount:
    """Somebody whose address is proven, or vouched for by an administrator."""

    email: EmailAddress
    name: str
    password_hash: str
    roles: tuple[str, ...] = ("student",)
    id: UUID = field(default_factory=uuid7)


def create_user(session: Session, account: NewAccount, origin: Origin) -> User:
    """A new active account. Raises EmailTaken, also when two requests race."""
    row = {
        "id": account.id,
        "email": account.email.given,
        "email_normalized": account.email.normalized,
        "name": account.name,
        "password_hash": account.password_hash,
        "roles": sorted(set(account.roles)),
    }
    statement = insert(User).values(row).on_conflict_do_nothing(index_elements=[User.email_normalized])
    user = session.scalars(statement.returning(User)).one_or_none()
    if user is None:
        raise EmailTaken
    outbox.add(
        session,
        UserRegistered(user_id=user.id, version=user.version, email=user.email, name=user.name, roles=user.roles),
    )
    audit.record(
        session, origin if origin.user_id else origin.by(user.id), "user.registered", user.id, roles=user.roles
    )
    return user


def get_user(session: Session, user_id: UUID) -> User:
    """The account. Raises UserNotFound."""
    user = session.get(User, user_id)
    if user is None:
        raise UserNotFound
    return user


def read_account(session: Session, user_id: UUID, impersonator_id: UUID | None) -> dict[str, Any]:
    """The account as its owner sees it. Raises UserNotFound."""
    user = get_user(session, user_id)
    columns = {column.key: getattr(user, column.key) for column in User.__table__.columns}
    return {**columns, "impersonated_by": impersonator_id}


def lock_user(session: Session, user_id: UUID) -> User:
    """The account, locked until the commit. Raises UserNotFound."""
    user = session.get(User, user_id, with_for_update=True, populate_existing=True)
    if user is None:
        raise UserNotFound
    return user


def list_users(session: Session, which: UserFilter, page: PageRequest) -> tuple[list[User], str | None]:
    """A page of accounts, the newest first, and the cursor of the next page."""
    statement = select(User).order_by(User.id.desc()).limit(page.limit + 1)
    if which.text:
        statement = statement.where(
            or_(User.name.icontains(which.text, autoescape=True), User.email.icontains(which.text, autoescape=True))
        )
    if which.role:
        statement = statement.where(User.roles.contains([which.role]))
    if which.status:
        statement = statement.where(User.status == which.status)
    if page.after is not None:
        statement = statement.where(User.id < _id_of(page.after))
    return cut_page(session.scalars(statement).all(), page, lambda user: [user.id])


def announce_update(session: Session, user: User) -> None:
    """Tells the other services what a locked, changed account looks like now."""
    user.version += 1
    outbox.add(
        session,
        UserUpdated(
            user_id=user.id,
            version=user.version,
            email=user.email,
            name=user.name,
            roles=user.roles,
            status=user.status,
            avatar_id=user.avatar_id,
            locale=user.locale,
            time_zone=user.time_zone,
        ),
    )


def _id_of(cursor: list[object]) -> UUID:
    try:
        return UUID(str(cursor[0]))
    except (ValueError, IndexError) as error:
        raise Invalid("cursor", "is not one of this list; take next_cursor of the page before") from error
