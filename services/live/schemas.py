"""Shapes of the live API."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from services.live.times import start_fault
from shared.schemas import Input, LongText, Moment, Name

Status = Literal["scheduled", "cancelled"]


def _in_the_future(value: datetime) -> datetime:
    if fault := start_fault(value):
        raise ValueError(fault)
    return value


StartsAt = Annotated[Moment, AfterValidator(_in_the_future)]
Duration = Annotated[int, Field(ge=5, le=720, description="Minutes")]


class LiveSessionCreate(Input):
    course_id: UUID
    title: Name
    description: LongText = ""
    starts_at: StartsAt
    duration_minutes: Duration


class LiveSessionUpdate(Input):
    """Only the fields sent are changed. A new `starts_at` must lie in the future; the present one may be sent again."""

    title: Name | None = None
    description: LongText | None = None
    starts_at: Moment | None = None
    duration_minutes: Duration | None = None


class LiveSessionRead(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    course_id: UUID
    course_title: str
    title: str
    description: str
    starts_at: datetime
    ends_at: datetime
    duration_minutes: int
    status: Status
    version: int


class JoinRead(BaseModel):
    """Where to go; the address is for this learner only and must not be shared."""

    join_url: str
    ends_at: datetime
