"""What goes over the wire about the audit log."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class AuditEntryRead(BaseModel):
    """`actor_id` is in whose name it was done, `impersonator_id` who really did it when that was somebody else."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    at: datetime
    action: str
    actor_id: UUID | None
    impersonator_id: UUID | None
    session_id: str | None
    object_id: UUID | None
    ip: str
    user_agent: str
    request_id: str
    details: dict[str, Any]
