"""The audit log: written in the same transaction as the act, never changed afterwards."""

from dataclasses import dataclass, replace
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy.orm import Session

from services.identity.models import AuditEntry


class Caller(Protocol):
    """Who is signed in, as shared.auth.Actor says it."""

    @property
    def user_id(self) -> UUID:
        """In whose name."""

    @property
    def session_id(self) -> str:
        """The token's `sid`."""

    @property
    def impersonator_id(self) -> UUID | None:
        """Who really acts, when it is somebody else."""


@dataclass(frozen=True)
class Origin:
    """Where an act comes from: the request, and the person once known."""

    ip: str
    user_agent: str
    request_id: str
    user_id: UUID | None = None
    session_id: str | None = None
    impersonator_id: UUID | None = None
    device_token: str = ""

    def of(self, caller: Caller) -> "Origin":
        """The same request, acted by who is signed in."""
        signed_in = self.by(caller.user_id, caller.session_id)
        return replace(signed_in, impersonator_id=caller.impersonator_id)

    def by(self, user_id: UUID, session_id: str | None = None) -> "Origin":
        """The same request, acted by this person."""
        return replace(self, user_id=user_id, session_id=session_id)


def record(session: Session, origin: Origin, action: str, object_id: UUID | None, **details: Any) -> None:
    """Adds an entry. `action` is `<noun>.<past tense>`, `object_id` the account concerned; no secrets in `details`."""
    session.add(
        AuditEntry(
            action=action,
            actor_id=origin.user_id,
            session_id=origin.session_id,
            impersonator_id=origin.impersonator_id,
            object_id=object_id,
            ip=origin.ip,
            user_agent=origin.user_agent,
            request_id=origin.request_id,
            details=details,
        )
    )
