"""Codes of an authenticator app (RFC 6238): six digits, thirty seconds, each good once."""

import hmac
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pyotp
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.identity import security_news
from services.identity.audit import Origin
from services.identity.factors import recovery_codes
from services.identity.factors.models import TotpSecret
from services.identity.models import User
from services.identity.secret_box import Sealed, SecretBox
from shared import audit
from shared.database import Database
from shared.errors import Conflict, Invalid
from shared.telemetry import get_logger

log = get_logger(__name__)

ISSUER = "AI First Academy"
STEP_SECONDS = 30
# Clocks of telephones differ: the code before and the one after are taken as well.
TOLERATED_STEPS = (0, -1, 1)
BATCH = 500


class TotpOn(Conflict):
    slug, title = "totp-on", "There is an authenticator app already"
    detail = "Remove it first: DELETE /api/v1/auth/totp."


@dataclass(frozen=True)
class NewTotp:
    """`uri` is for a QR code (otpauth://), `secret` for who types it."""

    secret: str
    uri: str


def begin_totp(session: Session, box: SecretBox, user: User) -> NewTotp:
    """A new secret for a locked account; it counts once a code of it was shown. Raises TotpOn."""
    known = session.get(TotpSecret, user.id)
    if known and known.confirmed_at:
        raise TotpOn
    secret = pyotp.random_base32()
    sealed = box.seal(secret)
    stored = {"secret": sealed.text, "key_id": sealed.key_id}
    row = insert(TotpSecret).values(user_id=user.id, **stored)
    session.execute(row.on_conflict_do_update(index_elements=[TotpSecret.user_id], set_=stored))
    return NewTotp(secret, pyotp.TOTP(secret).provisioning_uri(name=user.email, issuer_name=ISSUER))


def confirm_totp(session: Session, box: SecretBox, user: User, code: str, origin: Origin) -> list[str]:
    """Turns it on for a locked account. Returns the recovery codes when this is its first factor, otherwise none.
    Raises Invalid("code"), TotpOn."""
    known = session.get(TotpSecret, user.id)
    if known and known.confirmed_at:
        raise TotpOn
    if known is None or not _spend(box, known, code):
        raise Invalid("code", "is not what the app shows now", "wrong_code")
    known.confirmed_at = datetime.now(UTC)
    audit.record(session, origin, "totp.on", user.id)
    security_news.tell(session, user, "totp_on", origin)
    return recovery_codes.ensure_codes(session, user.id)


def remove_totp(session: Session, user: User, origin: Origin) -> None:
    """Turns it off for a locked account. Off before: nothing to do."""
    known = session.get(TotpSecret, user.id)
    if known is None:
        return
    session.delete(known)
    session.flush()
    if known.confirmed_at:
        audit.record(session, origin, "totp.off", user.id)
        security_news.tell(session, user, "totp_off", origin)


def spend_code(session: Session, box: SecretBox, user: User, code: str) -> bool:
    """True when the code is right now and was not used before. The account is locked."""
    known = session.get(TotpSecret, user.id)
    return known is not None and known.confirmed_at is not None and _spend(box, known, code)


def reseal_secrets(database: Database, box: SecretBox) -> Iterator[None]:
    """Brings every secret that is stored under another key, or under none, under the newest. Safe to repeat."""
    older = select(TotpSecret).where(TotpSecret.key_id.is_distinct_from(box.newest)).limit(BATCH).with_for_update()
    while True:
        with database.begin() as session:
            found = session.scalars(older).all()
            for known in found:
                sealed = box.seal(box.open(Sealed(known.secret, known.key_id)))
                known.secret, known.key_id = sealed.text, sealed.key_id
        if not found:
            return
        log.info("secrets sealed anew", count=len(found), key_id=box.newest)
        yield


def _spend(box: SecretBox, known: TotpSecret, code: str) -> bool:
    clock, now = pyotp.TOTP(box.open(Sealed(known.secret, known.key_id))), int(time.time())
    for tolerated in TOLERATED_STEPS:
        step = now // STEP_SECONDS + tolerated
        right = hmac.compare_digest(clock.at(step * STEP_SECONDS).encode(), code.encode())
        if right and step > known.last_step:
            known.last_step = step
            return True
    return False
