"""What cannot be undone, or changes whose account it is, needs a young sign-in: an unlocked laptop is not enough."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import String, cast, select
from sqlalchemy.orm import Session

from services.identity.models import UserSession
from shared.errors import Forbidden

RECENT = timedelta(minutes=10)


class SignInAgain(Forbidden):
    slug, title = "recent-sign-in-required", "Sign in again first"
    detail = "This needs a sign-in of the last ten minutes. Sign in once more and repeat it."


def require_recent_sign_in(session: Session, sid: str) -> None:
    """Passes when the session began within the last ten minutes. Raises SignInAgain."""
    began = select(UserSession.created_at).where(cast(UserSession.sid, String) == sid)
    created_at = session.scalars(began).one_or_none()
    if created_at is None or created_at < datetime.now(UTC) - RECENT:
        raise SignInAgain
