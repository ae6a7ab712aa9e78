"""Who somebody at a provider is here."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from services.identity import security_news, users, ways_in
from services.identity.audit import Origin
from services.identity.models import User
from services.identity.providers.models import LinkedIdentity
from services.identity.providers.oidc_gateway import OpenIdProvider, Proven
from shared import audit
from shared.errors import Conflict, NotFound


class IdentityTaken(Conflict):
    slug, title = "identity-taken", "This is linked already"
    detail = "To yours (GET /api/v1/auth/identities), or to the account that you enter when you sign in by it."


class IdentityNotFound(NotFound):
    slug, title = "identity-not-found", "There is no such linked account"
    detail = "GET /api/v1/auth/identities lists yours."


def find_owner(session: Session, person: Proven) -> User | None:
    """The account that somebody at a provider enters, locked and noted as used now."""
    own = _is(person)
    owner = session.scalars(select(LinkedIdentity.user_id).where(own)).one_or_none()
    if owner is None:
        return None
    user = users.lock_user(session, owner)
    # It may have been unlinked while we waited for the account's row.
    still = update(LinkedIdentity).where(own, LinkedIdentity.user_id == user.id).values(last_used_at=func.now())
    return user if session.scalars(still.returning(LinkedIdentity.id)).one_or_none() else None


def add_identity(session: Session, user: User, person: Proven, origin: Origin) -> LinkedIdentity:
    """What a locked or new account is entered by from now on. Raises IdentityTaken, also when two requests race."""
    row = {"id": uuid7(), "user_id": user.id, "issuer": person.issuer, "subject": person.subject, "email": person.email}
    statement = insert(LinkedIdentity).values(row).on_conflict_do_nothing().returning(LinkedIdentity)
    added = session.scalars(statement).one_or_none()
    if added is None:
        raise IdentityTaken
    audit.record(session, origin, "identity.linked", user.id, issuer=person.issuer)
    return added


def link_identity(session: Session, user: User, person: Proven, origin: Origin) -> LinkedIdentity:
    """As add_identity, for an account that was there before: its owner gets a mail. Raises IdentityTaken."""
    identity = add_identity(session, user, person, origin)
    security_news.tell(session, user, "provider_linked", origin)
    return identity


def unlink_identity(session: Session, user: User, identity_id: UUID, origin: Origin) -> None:
    """Takes one from a locked account. Raises IdentityNotFound, for other people's too, LastWayIn."""
    identity = session.get(LinkedIdentity, identity_id)
    if identity is None or identity.user_id != user.id:
        raise IdentityNotFound
    session.delete(identity)
    session.flush()
    ways_in.require_one_left(session, user)
    audit.record(session, origin, "identity.unlinked", user.id, issuer=identity.issuer)
    security_news.tell(session, user, "provider_unlinked", origin)


def list_identities(session: Session, user_id: UUID) -> Sequence[LinkedIdentity]:
    """By which providers an account is entered, the oldest first."""
    own = select(LinkedIdentity).where(LinkedIdentity.user_id == user_id)
    return session.scalars(own.order_by(LinkedIdentity.id)).all()


def describe_identity(identity: LinkedIdentity, providers: Mapping[str, OpenIdProvider]) -> dict[str, Any]:
    """With the id of its provider in today's settings."""
    offered = {provider.issuer: provider.id for provider in providers.values()}
    return {
        "id": identity.id,
        "provider": offered.get(identity.issuer),
        "issuer": identity.issuer,
        "email": identity.email,
        "created_at": identity.created_at,
        "last_used_at": identity.last_used_at,
    }


def _is(person: Proven) -> ColumnElement[bool]:
    return and_(LinkedIdentity.issuer == person.issuer, LinkedIdentity.subject == person.subject)
