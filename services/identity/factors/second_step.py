"""The second step of a sign-in, and the passkey that needs no first one."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from services.identity import refusals, security_news, signing_in, throttle, users
from services.identity.access_tokens import TokenSigner
from services.identity.audit import Origin
from services.identity.credentials import devices
from services.identity.factors import passkeys, recovery_codes, tickets, totp
from services.identity.factors.passkeys import Challenge
from services.identity.factors.tickets import TakenTicket
from services.identity.factors.webauthn_gateway import Site
from services.identity.models import User
from services.identity.secret_box import SecretBox
from services.identity.sessions import SignedIn
from shared import audit
from shared.database import Database
from shared.errors import Problem, Unauthorized


class WrongCode(Unauthorized):
    slug, title = "wrong-code", "The code is wrong"

    def __init__(self) -> None:
        super().__init__("Take the one that the app shows now; each is good once. A recovery code will do as well.")


NO_FIRST_STEP = TakenTicket(None, {})


@dataclass(frozen=True)
class Code:
    """What was typed: one of the two is empty."""

    totp: str = ""
    recovery: str = ""


def finish_with_code(
    database: Database, signer: TokenSigner, box: SecretBox, ticket: str, code: Code, origin: Origin
) -> SignedIn:
    """The session that the password alone did not begin. Raises TicketInvalid, WrongCode, TooManyAttempts,
    AccountSuspended. Takes the database and not a session: a wrong code must stay counted."""
    with database.begin() as session:
        outcome = _try_code(session, signer, box, ticket, code, origin)
    if isinstance(outcome, Problem):
        raise outcome
    return outcome


def begin_passkey_step(session: Session, site: Site, ticket: str) -> Challenge:
    """The question for a passkey: with a ticket one of that account's, without one anybody's. Raises TicketInvalid."""
    first = tickets.get_ticket(session, "second_factor", ticket) if ticket else NO_FIRST_STEP
    return passkeys.begin_sign_in(session, site, first)


def finish_with_passkey(
    session: Session, signer: TokenSigner, site: Site, answer: tuple[str, dict[str, Any]], origin: Origin
) -> SignedIn:
    """The session of a passkey's owner. `answer` is ticket and credential. Raises TicketInvalid, PasskeyRefused,
    AccountSuspended."""
    proven = passkeys.prove_owner(session, site, *answer)
    user = users.lock_user(session, proven.user_id)
    outcome = signing_in.enter(session, signer, user, origin, (*proven.first_factors, "passkey"))
    if isinstance(outcome, Problem):
        raise outcome
    return outcome


def _try_code(
    session: Session, signer: TokenSigner, box: SecretBox, token: str, code: Code, origin: Origin
) -> SignedIn | Problem:
    ticket = tickets.get_ticket(session, "second_factor", token)
    if ticket.user_id is None:
        return tickets.TicketInvalid()
    device = devices.find_device(session, ticket.user_id, origin.device_token)
    # Counted per account and not per ticket: who knows the password can have any number of those.
    guesser = throttle.known_guess("code on", device) if device else throttle.known_guess("code of", ticket.user_id)
    throttle.charge_attempt(session, guesser)
    user = users.lock_user(session, ticket.user_id)
    if not _spend(session, box, user, code, origin):
        refusals.record(session, origin, "sign_in.refused", user.id, reason="wrong code")
        return WrongCode()
    tickets.take_ticket(session, "second_factor", token)
    throttle.forgive(session, guesser)
    second = "totp" if code.totp else "recovery_code"
    return signing_in.enter(session, signer, user, origin, (*ticket.factors, second))


def _spend(session: Session, box: SecretBox, user: User, code: Code, origin: Origin) -> bool:
    if code.totp:
        return totp.spend_code(session, box, user, code.totp)
    if not recovery_codes.spend_code(session, user.id, code.recovery):
        return False
    audit.record(session, origin.by(user.id), "recovery_code.used", user.id)
    security_news.tell(session, user, "recovery_code_used", origin)
    return True
