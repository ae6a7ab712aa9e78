"""The audit log: written in the same transaction as the act, never changed afterwards."""

from dataclasses import dataclass, replace
from typing import Annotated, Any, Protocol, Self
from uuid import UUID

from fastapi import Depends, Request
from sqlalchemy import insert
from sqlalchemy.orm import Session

from shared.auditing import tables
from shared.prepared import hot
from shared.transactions import later

INSERT = later(hot(insert(tables.audit).inline()))


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

    def of(self, caller: Caller) -> Self:
        """The same request, acted by who is signed in."""
        signed_in = self.by(caller.user_id, caller.session_id)
        return replace(signed_in, impersonator_id=caller.impersonator_id)

    def by(self, user_id: UUID, session_id: str | None = None) -> Self:
        """The same request, acted by this person."""
        return replace(self, user_id=user_id, session_id=session_id)


def read_origin(request: Request) -> Origin:
    """Where the request comes from; uvicorn has put in the client's address when the gateway forwarded it."""
    return Origin(
        ip=request.client.host if request.client else "",
        user_agent=request.headers.get("user-agent", "")[:300],
        request_id=str(request.scope.get("request_id", "")),
    )


OriginDep = Annotated[Origin, Depends(read_origin)]


def record(session: Session, origin: Origin, action: str, object_id: UUID | None, **details: Any) -> None:
    """Adds an entry. `action` is `<noun>.<past tense>`, `object_id` what it was done to (an account, an order).
    `details` stay for good: no secrets in them, and nothing that a person may want erased."""
    row = {
        "action": action,
        "actor_id": origin.user_id,
        "session_id": origin.session_id,
        "impersonator_id": origin.impersonator_id,
        "object_id": object_id,
        "ip": origin.ip,
        "user_agent": origin.user_agent,
        "request_id": origin.request_id,
        "details": details,
    }
    session.execute(INSERT, row)
