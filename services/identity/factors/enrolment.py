"""Which factors an account has beside its password, and who may change them."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from sqlalchemy import bindparam, exists, select
from sqlalchemy.orm import Session

from services.identity import security_news
from services.identity.audit import Origin
from services.identity.factors import recovery_codes
from services.identity.factors.models import Passkey, TotpSecret
from services.identity.models import User
from shared import audit
from shared.errors import Conflict
from shared.prepared import hot

Method = Literal["totp", "passkey", "recovery_code"]


class NoSecondFactor(Conflict):
    slug, title = "no-second-factor", "There is no second factor"
    detail = "Add an authenticator app or a passkey first; recovery codes come with it."


@dataclass(frozen=True)
class SecondFactorNeeded:
    """The password was right; `ticket` goes with the second step, `methods` are the ways to take it."""

    ticket: str
    methods: list[Method]


FACTORS = hot(
    select(
        exists().where(TotpSecret.user_id == bindparam("user_id"), TotpSecret.confirmed_at.is_not(None)),
        exists().where(Passkey.user_id == bindparam("user_id")),
    )
)


def list_methods(session: Session, user_id: UUID) -> list[Method]:
    """The ways to prove an account a second time; none when it has no second factor."""
    has_totp, has_passkey = session.execute(FACTORS, {"user_id": user_id}).one()
    found: dict[Method, bool] = {"totp": has_totp, "passkey": has_passkey, "recovery_code": has_totp or has_passkey}
    return [method for method, there in found.items() if there]


def drop_codes_without_factor(session: Session, user_id: UUID) -> None:
    """Recovery codes go with the last factor."""
    if not list_methods(session, user_id):
        recovery_codes.forget_codes(session, user_id)


def renew_codes(session: Session, user: User, origin: Origin) -> list[str]:
    """New recovery codes for a locked account. Raises NoSecondFactor."""
    if not list_methods(session, user.id):
        raise NoSecondFactor
    audit.record(session, origin, "recovery_codes.renewed", user.id)
    security_news.tell(session, user, "recovery_codes_renewed", origin)
    return recovery_codes.renew_codes(session, user.id)
