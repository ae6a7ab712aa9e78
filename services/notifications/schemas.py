"""Shapes of the notifications API."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from shared.pagination import Page

DeliveryState = Literal["queued", "sending", "sent", "failed"]


class MessageRead(BaseModel):
    """`title` and `body` are plain text. `kind` is a list that grows. `link` is a path of the front end."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    kind: str = Field(examples=["enrolled"])
    title: str
    body: str
    link: str = Field(examples=["/courses/python-from-zero"])
    created_at: datetime
    read_at: datetime | None


class MessagePage(Page[MessageRead]):
    """`unread_count` counts all of the caller's unread messages, not only those of this page."""

    unread_count: int


class NotificationSettings(BaseModel):
    """What a person wants by mail. Notifications in the app, and mails about the account and money, always come."""

    model_config = ConfigDict(extra="forbid")

    course_mails: bool = Field(description="Announcements and live sessions of the courses that one is in")


class DeliveryRead(BaseModel):
    """One mail. `next_attempt_at` matters while it is queued; its content is not shown."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    user_id: UUID
    kind: str = Field(examples=["receipt"])
    recipient: str = Field(description="Empty once the mail ended so long ago that its address was forgotten")
    subject: str
    state: DeliveryState
    attempts: int
    next_attempt_at: datetime
    message_id: str | None = Field(description="The mail's Message-ID header; the same on every attempt")
    last_error: str | None
    created_at: datetime
    sent_at: datetime | None
