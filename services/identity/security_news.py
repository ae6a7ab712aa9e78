"""Word to the owner when something about their account's safety changes: a mail that a thief cannot keep away."""

from datetime import UTC, datetime

from sqlalchemy.orm import Session

from services.identity.audit import Origin
from services.identity.models import User
from services.identity.user_agents import device_name
from shared import outbox
from shared.events import AccountSecurityChanged
from shared.events.identity import SecurityChange as Change
from shared.networks import place_of

__all__ = ["Change", "tell"]


def tell(session: Session, user: User, change: Change, origin: Origin) -> None:
    """Publishes what changed, when, and from which device and place."""
    outbox.add(
        session,
        AccountSecurityChanged(
            user_id=user.id,
            version=user.version,
            change=change,
            device=device_name(origin.user_agent),
            place=place_of(origin.ip),
            changed_at=datetime.now(UTC),
        ),
    )
