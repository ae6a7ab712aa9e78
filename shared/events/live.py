"""What live publishes."""

from typing import ClassVar
from uuid import UUID

from pydantic import AwareDatetime

from shared.events.event import Event


class LiveSessionEvent(Event):
    source: ClassVar[str] = "live"
    subject_field: ClassVar[str] = "live_session_id"
    live_session_id: UUID
    version: int
    course_id: UUID
    course_title: str
    title: str
    starts_at: AwareDatetime
    duration_minutes: int


class LiveSessionScheduled(LiveSessionEvent):
    pass


class LiveSessionChanged(LiveSessionEvent):
    pass


class LiveSessionCancelled(LiveSessionEvent):
    pass


class LiveSessionReminderDue(LiveSessionEvent):
    """To one learner who may join."""

    user_id: UUID
