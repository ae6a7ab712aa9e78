"""Recovery codes: ten ways in when telephone or passkey are lost, each good once."""

import base64
import secrets
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from services.identity import secret_tokens
from services.identity.factors.models import RecoveryCode
from shared.codes import without_dashes

HOW_MANY = 10
# 120 random bits: enough for a fast hash (OWASP ASVS 5.0, 6.5.2 asks for 112).
BYTES = 15
GROUP = 6


def renew_codes(session: Session, user_id: UUID) -> list[str]:
    """Ten new codes, to be shown once; the old ones are void."""
    session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    codes = [_new_code() for _ in range(HOW_MANY)]
    session.add_all(RecoveryCode(code_hash=_hash(code), user_id=user_id) for code in codes)
    session.flush()
    return codes


def ensure_codes(session: Session, user_id: UUID) -> list[str]:
    """Ten codes for who has none left; otherwise the ones at hand stay, and nothing is shown."""
    return [] if count_codes(session, user_id) else renew_codes(session, user_id)


def count_codes(session: Session, user_id: UUID) -> int:
    """How many are left."""
    return session.scalars(select(func.count()).where(RecoveryCode.user_id == user_id)).one()


def spend_code(session: Session, user_id: UUID, code: str) -> bool:
    """True when it was one of the account's codes, which is now used up."""
    own = delete(RecoveryCode).where(RecoveryCode.user_id == user_id, RecoveryCode.code_hash == _hash(code))
    return session.execute(own.returning(RecoveryCode.user_id)).first() is not None


def forget_codes(session: Session, user_id: UUID) -> None:
    """Without a factor there is nothing to recover from."""
    session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))


def _new_code() -> str:
    text = base64.b32encode(secrets.token_bytes(BYTES)).decode().lower()
    return "-".join(text[i : i + GROUP] for i in range(0, len(text), GROUP))


def _hash(code: str) -> bytes:
    # However it is typed: 0 and 1 are no letters of base32.
    letters = without_dashes(code).lower().replace("0", "o").replace("1", "l")
    return secret_tokens.hash_token(letters)
