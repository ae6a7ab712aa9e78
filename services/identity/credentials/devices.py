"""Devices known from earlier sign-ins, so that somebody else's guesses never keep the owner out.

After OWASP's device cookies: https://owasp.org/www-community/Slow_Down_Online_Guessing_Attacks_with_Device_Cookies
"""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import bindparam, delete, insert, select, text
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from services.identity import secret_tokens
from services.identity.credentials.models import KnownDevice
from shared.prepared import hot
from shared.transactions import later

FORGOTTEN_AFTER = timedelta(days=365)
INSERT = later(hot(insert(KnownDevice).inline()))
FIND = hot(
    select(KnownDevice.id).where(
        KnownDevice.user_id == bindparam("user_id"), KnownDevice.token_hash == bindparam("token_hash")
    )
)
SEEN = later(hot(text("UPDATE known_devices SET last_used_at = now() WHERE id = :id")))


def find_device(session: Session, user_id: UUID, token: str) -> UUID | None:
    """The device that this token names, if the account was signed in there before."""
    if not token:
        return None
    found: UUID | None = session.scalar(FIND, {"user_id": user_id, "token_hash": secret_tokens.hash_token(token)})
    return found


def remember_device(session: Session, user_id: UUID, token: str) -> str:
    """The token that names this device from now on: the given one when it is known already, otherwise a new one."""
    known = find_device(session, user_id, token)
    if known:
        session.execute(SEEN, {"id": known})
        return token
    token = secret_tokens.new_token()
    session.execute(INSERT, {"id": uuid7(), "user_id": user_id, "token_hash": secret_tokens.hash_token(token)})
    return token


def forget_devices(session: Session, user_id: UUID) -> None:
    """After a change of password every device has to become known anew."""
    session.execute(delete(KnownDevice).where(KnownDevice.user_id == user_id))
