"""Devices known from earlier sign-ins, so that somebody else's guesses never keep the owner out.

After OWASP's device cookies: https://owasp.org/www-community/Slow_Down_Online_Guessing_Attacks_with_Device_Cookies
"""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from services.identity import secret_tokens
from services.identity.credentials.models import KnownDevice

FORGOTTEN_AFTER = timedelta(days=365)
# Built once, and hashed once.
INSERT = insert(KnownDevice).inline()


def find_device(session: Session, user_id: UUID, token: str) -> UUID | None:
    """The device that this token names, if the account was signed in there before."""
    if not token:
        return None
    own = select(KnownDevice.id).where(KnownDevice.user_id == user_id)
    return session.scalars(own.where(KnownDevice.token_hash == secret_tokens.hash_token(token))).one_or_none()


def remember_device(session: Session, user_id: UUID, token: str) -> str:
    """The token that names this device from now on: the given one when it is known already, otherwise a new one."""
    known = find_device(session, user_id, token)
    if known:
        session.execute(update(KnownDevice).where(KnownDevice.id == known).values(last_used_at=func.now()))
        return token
    token = secret_tokens.new_token()
    session.execute(INSERT, {"id": uuid7(), "user_id": user_id, "token_hash": secret_tokens.hash_token(token)})
    return token


def forget_devices(session: Session, user_id: UUID) -> None:
    """After a change of password every device has to become known anew."""
    session.execute(delete(KnownDevice).where(KnownDevice.user_id == user_id))
