"""Word to the owner when something about their account's safety changes: a mail that a thief cannot keep away."""

from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from services.identity import ways_in
from services.identity.audit import Origin
from services.identity.models import User
from services.identity.user_agents import device_name
from shared import limits, outbox
from shared.events import AccountSecurityChanged
from shared.events.identity import SecurityChange as Change
from shared.limits import Limit
from shared.networks import place_of

__all__ = ["Change", "tell"]

# Each is a mail. What takes something away is never refused: it may be the owner's answer to a thief.
NEW: set[Change] = {"totp_on", "passkey_added", "recovery_codes_renewed", "provider_linked", "api_key_created"}
NEW_CREDENTIALS = Limit(
    "new-credentials",
    "new passkeys, apps, recovery codes, providers and API keys",
    20,
    "account",
    timedelta(hours=1),
    "Use those that you have.",
)


def tell(
    session: Session, user: User, change: Change, origin: Origin, remaining: ways_in.Remaining | None = None
) -> None:
    """Publishes what changed, when, from which device and place, and what still opens the account. Raises LimitReached
    for what is new."""
    if change in NEW:
        limits.use(session, NEW_CREDENTIALS, user.id)
    outbox.add(
        session,
        AccountSecurityChanged(
            user_id=user.id,
            version=user.version,
            change=change,
            device=device_name(origin.user_agent),
            place=place_of(origin.ip),
            changed_at=datetime.now(UTC),
            passkeys=tuple(passkey.name for passkey in remaining.passkeys) if remaining else (),
            providers=tuple(identity.issuer for identity in remaining.identities) if remaining else (),
        ),
    )
