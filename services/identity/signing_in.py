"""Signing in with a password."""

from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from services.identity import audit, emails, sessions, throttle, users
from services.identity.access_tokens import TokenSigner
from services.identity.audit import Origin
from services.identity.emails import EmailAddress
from services.identity.models import User
from services.identity.passwords import hashing_slot
from services.identity.sessions import SignedIn
from shared.database import Database
from shared.errors import Forbidden, Problem, Unauthorized


class WrongCredentials(Unauthorized):
    slug, title = "wrong-credentials", "E-mail address or password is wrong"

    def __init__(self) -> None:
        super().__init__("Check both and try again.")


class AccountSuspended(Forbidden):
    slug, title = "account-suspended", "This account is suspended"
    detail = "Write to the academy's support to have it reactivated."


def sign_in(database: Database, signer: TokenSigner, email: str, password: str, origin: Origin) -> SignedIn:
    """A new session. Raises WrongCredentials (the same for unknown addresses), AccountSuspended only to who knows the
    password, TooManyAttempts, Invalid("email").

    Takes the database and not a session: no connection is held while the password is hashed, and what a refused
    sign-in leaves behind (the count, the audit entry) must be committed.
    """
    address = emails.parse_email(email)
    with hashing_slot() as hasher:
        with database.begin() as session:
            throttle.charge_attempt(session, address)
            known = _find_credentials(session, address)
        right = hasher.matches(password, known.password_hash if known else None)
        new_hash = hasher.hash(password) if right and known and hasher.is_outdated(known.password_hash) else None
    with database.begin() as session:
        if known is None or not right:
            outcome: SignedIn | Problem = _refuse(session, known, origin)
        else:
            throttle.forget_failures(session, address)
            outcome = _admit(session, signer, known, new_hash, origin)
    if isinstance(outcome, Problem):
        raise outcome
    return outcome


def _find_credentials(session: Session, address: EmailAddress) -> Row[UUID, str] | None:
    by_address = select(User.id, User.password_hash).where(User.email_normalized == address.normalized)
    return session.execute(by_address).one_or_none()


def _refuse(session: Session, known: Row[UUID, str] | None, origin: Origin) -> WrongCredentials:
    audit.record(session, origin, "sign_in.refused", known.id if known else None, reason="wrong credentials")
    return WrongCredentials()


def _admit(
    session: Session, signer: TokenSigner, known: Row[UUID, str], new_hash: str | None, origin: Origin
) -> SignedIn | Problem:
    user = users.lock_user(session, known.id)
    if user.password_hash != known.password_hash:
        # The password was changed while we compared it with the old one.
        return _refuse(session, known, origin)
    if user.status != "active":
        audit.record(session, origin, "sign_in.refused", user.id, reason="suspended")
        return AccountSuspended()
    if new_hash:
        user.password_hash = new_hash
    return sessions.start_session(session, signer, user, origin)
