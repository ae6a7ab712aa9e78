"""Who did what with power over money: one row an act, in the act's own transaction."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from services.billing.models import Act


@dataclass(frozen=True)
class Doer:
    """Who acts, and in which of their sign-ins."""

    user_id: UUID
    session_id: str


def record_act(session: Session, doer: Doer, action: str, subject: object, **details: Any) -> None:
    """Adds the row. `details` are ids and amounts, never names or addresses."""
    row = Act(actor_id=doer.user_id, session_id=doer.session_id, action=action, subject=str(subject), details=details)
    session.add(row)
