"""What an account can be entered by."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from services.identity.factors.models import Passkey
from services.identity.models import User
from services.identity.providers.models import LinkedIdentity
from services.identity.users import NO_PASSWORD
from shared.errors import Conflict


class LastWayIn(Conflict):
    slug, title = "last-way-in", "Nothing else opens this account"
    detail = "Set a password first (POST /api/v1/auth/password-reset mails a link), or add a passkey."


@dataclass(frozen=True)
class Remaining:
    """What opens an account, or is its second factor, after all sessions and API keys have ended. No password has a
    part in it, so its owner has to look whether each is theirs."""

    passkeys: Sequence[Passkey]
    identities: Sequence[LinkedIdentity]


def list_remaining(session: Session, user_id: UUID) -> Remaining:
    """The passkeys and linked providers of an account, the oldest first."""
    passkeys = select(Passkey).where(Passkey.user_id == user_id).order_by(Passkey.id)
    linked = select(LinkedIdentity).where(LinkedIdentity.user_id == user_id).order_by(LinkedIdentity.id)
    return Remaining(session.scalars(passkeys).all(), session.scalars(linked).all())


def require_one_left(session: Session, user: User) -> None:
    """For a locked account from which one was just taken. Raises LastWayIn, and nothing was taken."""
    passkey = exists().where(Passkey.user_id == user.id)
    linked = exists().where(LinkedIdentity.user_id == user.id)
    if user.password_hash == NO_PASSWORD and not session.scalars(select(or_(passkey, linked))).one():
        raise LastWayIn
