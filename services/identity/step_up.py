"""What cannot be undone, or changes whose account it is, needs a recent sign-in with the account's strongest factor.

An unlocked laptop is not enough, and neither is the password of an account that has a second factor.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from services.identity import sessions
from services.identity.authentications import Factor
from services.identity.factors import enrolment
from shared.errors import Forbidden

RECENT = timedelta(minutes=10)
NAMES: dict[Factor, str] = {
    "passkey": "your passkey",
    "totp": "your authenticator app",
    "recovery_code": "a recovery code",
}
NO_PERSON: set[str] = {"api_key", "impersonation"}


class SignInAgain(Forbidden):
    """`factors` are those of which the sign-in must have one; empty: every way to sign in will do."""

    slug, title = "recent-sign-in-required", "Sign in again first"

    def __init__(self, factors: Sequence[Factor]) -> None:
        way = f" with {' or '.join(NAMES[factor] for factor in factors)}" if factors else ""
        detail = f"This needs a sign-in{way} of the last ten minutes. Sign in once more{way} and repeat it."
        super().__init__(detail, factors=list(factors))


def require_recent_sign_in(session: Session, sid: str) -> None:
    """Passes when the person of the session signed in within the last ten minutes, with the strongest factor that the
    account has now. Raises SignInAgain."""
    current = sessions.find_session(session, sid)
    if current is None or current.revoked_at:
        raise SignInAgain([])
    wanted = _strongest_factors(session, current.user_id)
    shown = set(current.factors)
    by_person = current.impersonator_id is None and not shown & NO_PERSON
    recent = current.authenticated_at >= datetime.now(UTC) - RECENT
    if not (by_person and recent and (not wanted or shown & set(wanted))):
        raise SignInAgain(wanted)


def add_factor(session: Session, sid: str, factor: Factor) -> None:
    """Notes that the person of a session has shown a factor which the account has from now on."""
    current = sessions.find_session(session, sid)
    if current and factor not in current.factors:
        current.factors = [*current.factors, factor]


def _strongest_factors(session: Session, user_id: UUID) -> list[Factor]:
    # A phished code of an app must not remove a passkey, which cannot be phished. A recovery code stands in for the
    # factor that was lost, whichever it is: each is good once, and its use is mailed to the owner.
    methods = enrolment.list_methods(session, user_id)
    strongest = next((method for method in ("passkey", "totp") if method in methods), None)
    return [strongest, "recovery_code"] if strongest else []
