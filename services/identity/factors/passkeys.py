"""Passkeys: a second factor after the password, or a sign-in by themselves. They prove possession and the person at
once (user verification is required), so nothing else is asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import InvalidRequestError
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from services.identity import security_news, users, ways_in
from services.identity.audit import Origin
from services.identity.factors import recovery_codes, tickets, webauthn_gateway
from services.identity.factors.models import Passkey
from services.identity.factors.tickets import TakenTicket
from services.identity.factors.webauthn_gateway import NewCredential, NotVerified, Site
from services.identity.models import User
from shared import audit
from shared.errors import Conflict, NotFound, Unauthorized
from shared.telemetry import get_logger

log = get_logger(__name__)

AT_MOST = 20


class PasskeyRefused(Unauthorized):
    slug, title = "passkey-refused", "The passkey was not accepted"

    def __init__(self) -> None:
        super().__init__("Try again, or sign in another way.")


class PasskeyNotFound(NotFound):
    slug, title = "passkey-not-found", "There is no such passkey"
    detail = "GET /api/v1/auth/factors lists yours."


class TooManyPasskeys(Conflict):
    slug, title = "too-many-passkeys", "There are many passkeys already"
    detail = "Remove one that you do not use any more."


@dataclass(frozen=True)
class Challenge:
    """Options for the browser, and the ticket to send with its answer."""

    ticket: str
    options: dict[str, Any]


@dataclass(frozen=True)
class Owner:
    """An account whose passkey was shown, after `first_factors`."""

    user_id: UUID
    first_factors: tuple[str, ...]


def list_passkeys(session: Session, user_id: UUID) -> Sequence[Passkey]:
    """An account's passkeys, the oldest first."""
    return session.scalars(select(Passkey).where(Passkey.user_id == user_id).order_by(Passkey.id)).all()


def begin_passkey(session: Session, site: Site, user: User) -> Challenge:
    """What the browser makes a new passkey with. Raises TooManyPasskeys."""
    existing = [passkey.credential_id for passkey in list_passkeys(session, user.id)]
    if len(existing) >= AT_MOST:
        raise TooManyPasskeys
    offer = webauthn_gateway.offer_registration(site, user.id.bytes, user.email, existing)
    ticket = tickets.issue_ticket(session, "passkey_new", user.id, {"challenge": offer.challenge.hex()})
    return Challenge(ticket, offer.options)


def add_passkey(
    session: Session, site: Site, user: User, answer: tuple[str, str, dict[str, Any]], origin: Origin
) -> tuple[Passkey, list[str]]:
    """The passkey that a locked account has from now on, and recovery codes when it is its first factor. `answer` is
    ticket, name and credential. Raises TicketInvalid, PasskeyRefused."""
    token, name, credential = answer
    ticket = tickets.take_ticket(session, "passkey_new", token)
    try:
        new = webauthn_gateway.verify_registration(site, bytes.fromhex(ticket.data["challenge"]), credential)
    except NotVerified as error:
        log.info("passkey refused", reason=str(error))
        raise PasskeyRefused from error
    if ticket.user_id != user.id or _find(session, new.id):
        raise PasskeyRefused
    passkey = Passkey(
        id=uuid7(),
        user_id=user.id,
        credential_id=new.id,
        public_key=new.public_key,
        sign_count=new.sign_count,
        name=name,
        created_at=datetime.now(UTC),
    )
    session.add(passkey)
    session.flush()
    audit.record(session, origin, "passkey.added", user.id)
    security_news.tell(session, user, "passkey_added", origin)
    return passkey, recovery_codes.ensure_codes(session, user.id)


def remove_passkey(session: Session, user: User, passkey_id: UUID, origin: Origin) -> None:
    """Takes one from a locked account. Raises PasskeyNotFound, for other people's too, LastWayIn."""
    passkey = session.get(Passkey, passkey_id)
    if passkey is None or passkey.user_id != user.id:
        raise PasskeyNotFound
    session.delete(passkey)
    session.flush()
    ways_in.require_one_left(session, user)
    audit.record(session, origin, "passkey.removed", user.id)
    security_news.tell(session, user, "passkey_removed", origin)


def begin_sign_in(session: Session, site: Site, first: TakenTicket) -> Challenge:
    """What the browser asks the authenticator: for one of the passkeys of the account of the first step, or when that
    has none, for anybody's."""
    allowed = [passkey.credential_id for passkey in list_passkeys(session, first.user_id)] if first.user_id else []
    offer = webauthn_gateway.offer_sign_in(site, allowed)
    data = {"challenge": offer.challenge.hex(), "factors": first.factors}
    ticket = tickets.issue_ticket(session, "passkey_sign_in", first.user_id, data)
    return Challenge(ticket, offer.options)


def prove_owner(session: Session, site: Site, token: str, credential: dict[str, Any]) -> Owner:
    """Whose passkey answered the challenge. Raises TicketInvalid, PasskeyRefused."""
    ticket = tickets.take_ticket(session, "passkey_sign_in", token)
    try:
        credential_id = webauthn_gateway.credential_id(credential)
        passkey = _find(session, credential_id)
        if passkey is None or ticket.user_id not in (None, passkey.user_id):
            raise NotVerified("not a passkey of ours, or of another account")
        # The account before its passkey, as everybody locks them: it may be removed at this moment.
        users.lock_user(session, passkey.user_id)
        session.refresh(passkey, with_for_update=True)
        known = NewCredential(passkey.credential_id, passkey.public_key, passkey.sign_count)
        challenge = bytes.fromhex(ticket.data["challenge"])
        passkey.sign_count = webauthn_gateway.verify_sign_in(site, challenge, credential, known)
    except (NotVerified, InvalidRequestError) as error:
        log.info("passkey refused", reason=str(error))
        raise PasskeyRefused from error
    passkey.last_used_at = datetime.now(UTC)
    return Owner(passkey.user_id, ticket.factors)


def _find(session: Session, credential_id: bytes) -> Passkey | None:
    return session.scalars(select(Passkey).where(Passkey.credential_id == credential_id)).one_or_none()
