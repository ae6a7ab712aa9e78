"""What goes over the wire about becoming an instructor."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, StringConstraints

from services.identity.schemas import Input, Reason
from shared.schemas import ShortText

ApplicationStatus = Literal["pending", "approved", "rejected"]


class ApplicationCreate(Input):
    """`motivation`: what the person wants to teach and why they can."""

    motivation: Annotated[ShortText, StringConstraints(min_length=20)]


class RejectionCreate(Input):
    """`reason` goes to the applicant by mail."""

    reason: Annotated[Reason, StringConstraints(min_length=3)]


class ApplicationRead(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    user_id: UUID
    motivation: str
    status: ApplicationStatus
    reason: str
    created_at: datetime
    decided_at: datetime | None


class ApplicationsRead(BaseModel):
    items: list[ApplicationRead]
