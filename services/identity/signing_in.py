"""Signing in with a password, and what follows it."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from services.identity import emails, refusals, sessions, throttle, users
from services.identity.access_tokens import TokenSigner
from services.identity.audit import Origin
from services.identity.authentications import Authentication, Factor
from services.identity.credentials import devices
from services.identity.emails import EmailAddress
from services.identity.factors import enrolment, tickets
from services.identity.factors.enrolment import SecondFactorNeeded
from services.identity.models import User
from services.identity.passwords import hashing_slot
from services.identity.sessions import SignedIn
from services.identity.throttle import Guesser
from shared.database import Database
from shared.errors import Forbidden, Problem, Unauthorized
from shared.networks import throttled_network
from shared.prepared import hot

BY_ADDRESS = hot(select(User.id, User.password_hash).where(User.email_normalized == bindparam("address")))


class WrongCredentials(Unauthorized):
    slug, title = "wrong-credentials", "E-mail address or password is wrong"

    def __init__(self) -> None:
        super().__init__("Check both and try again. A new account begins with the link in the mail we sent.")


class AccountSuspended(Forbidden):
    slug, title = "account-suspended", "This account is suspended"
    detail = "Write to the academy's support to have it reactivated."


@dataclass(frozen=True)
class Attempt:
    """What is compared, and who is charged when it is wrong; no network on a known device. Nobody's account has no id
    and no hash."""

    guesser: Guesser
    network: Guesser | None
    user_id: UUID | None = None
    password_hash: str | None = None


def sign_in(
    database: Database, signer: TokenSigner, email: str, password: str, origin: Origin
) -> SignedIn | SecondFactorNeeded:
    """A new session, or the ticket for the second step of an account that has a second factor.
    Raises WrongCredentials (the same for unknown addresses), AccountSuspended only to who knows the password,
    TooManyAttempts, Invalid("email").

    Takes the database and not a session: no connection is held while the password is hashed, and what a refused
    sign-in leaves behind (the count, the audit entry) must be committed.
    """
    address = emails.parse_email(email)
    with hashing_slot() as hasher:
        with database.begin() as session:
            attempt = _begin_attempt(session, address, origin)
        right = hasher.matches(password, attempt.password_hash)
        new_hash = hasher.hash(password) if right and hasher.is_outdated(attempt.password_hash or "") else None
    with database.begin() as session:
        outcome = _conclude(session, signer, attempt, new_hash, origin) if right else _refuse(session, attempt, origin)
    if isinstance(outcome, Problem):
        raise outcome
    return outcome


def admit(
    session: Session, signer: TokenSigner, user: User, origin: Origin, first: Factor
) -> SignedIn | SecondFactorNeeded | AccountSuspended:
    """What follows the first proof of a locked account's owner: the second step if there is one, otherwise `enter`."""
    methods = enrolment.list_methods(session, user.id)
    if not methods or user.status != "active":
        return enter(session, signer, user, origin, (first,))
    ticket = tickets.issue_ticket(session, "second_factor", user.id, {"factors": [first]})
    return SecondFactorNeeded(ticket, methods)


def enter(
    session: Session, signer: TokenSigner, user: User, origin: Origin, factors: tuple[str, ...]
) -> SignedIn | AccountSuspended:
    """The session of somebody who has proven all there is to prove, by `factors`; the account's row is locked. A
    refusal is returned and not raised: what it leaves behind has to be committed."""
    if user.status != "active":
        refusals.record(session, origin, "sign_in.refused", user.id, reason="suspended")
        return AccountSuspended()
    device_token = devices.remember_device(session, user.id, origin.device_token)
    return sessions.start_session(session, signer, user, origin, Authentication(factors), device_token)


def _begin_attempt(session: Session, address: EmailAddress, origin: Origin) -> Attempt:
    known = session.execute(BY_ADDRESS, {"address": address.normalized}).one_or_none()
    device = devices.find_device(session, known.id, origin.device_token) if known else None
    network = throttled_network(origin.ip)
    attempt = Attempt(
        throttle.known_guess("device", device) if device else throttle.strangers_guess(address),
        throttle.network_guess(network) if network and not device else None,
        known.id if known else None,
        known.password_hash if known else None,
    )
    throttle.charge_attempt(session, attempt.guesser, attempt.network)
    return attempt


def _refuse(session: Session, attempt: Attempt, origin: Origin) -> WrongCredentials:
    if attempt.network:
        throttle.charge_network(session, attempt.network)
    refusals.record(session, origin, "sign_in.refused", attempt.user_id, reason="wrong credentials")
    return WrongCredentials()


def _conclude(
    session: Session, signer: TokenSigner, attempt: Attempt, new_hash: str | None, origin: Origin
) -> SignedIn | SecondFactorNeeded | Problem:
    assert attempt.user_id, "only somebody's password can be right"
    user = users.lock_user(session, attempt.user_id)
    if user.password_hash != attempt.password_hash:
        # The password was changed while we compared it with the old one.
        return _refuse(session, attempt, origin)
    throttle.forgive(session, attempt.guesser)
    if new_hash:
        user.password_hash = new_hash
    return admit(session, signer, user, origin, "password")
