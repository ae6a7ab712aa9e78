"""What an account can be entered by."""

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


def require_one_left(session: Session, user: User) -> None:
    """For a locked account from which one was just taken. Raises LastWayIn, and nothing was taken."""
    passkey = exists().where(Passkey.user_id == user.id)
    linked = exists().where(LinkedIdentity.user_id == user.id)
    if user.password_hash == NO_PASSWORD and not session.scalars(select(or_(passkey, linked))).one():
        raise LastWayIn
