"""Rooms: unguessable names, doors that open and close with the clock."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from services.live.models import Attendance, LiveSession
from shared.errors import Conflict


@dataclass(frozen=True)
class Doors:
    """How long before the start and after the end a room can be entered (minutes)."""

    base_url: str
    early_minutes: int
    late_minutes: int


class DoorsClosed(Conflict):
    slug, title = "doors-closed", "This live session cannot be entered now"


class RoomCancelled(Conflict):
    slug, title = "live-session-cancelled", "This live session was cancelled"
    detail = "GET /api/v1/live-sessions lists those still to come."


def new_room() -> str:
    """A name with 128 random bits: who was not given it cannot find the room."""
    return f"academy-{secrets.token_urlsafe(16)}"


def join_room(session: Session, live: LiveSession, user_id: UUID, doors: Doors) -> str:
    """The room's address for one person; notes the first attendance. Raises RoomCancelled, DoorsClosed."""
    if live.status == "cancelled":
        raise RoomCancelled
    opens = live.starts_at - timedelta(minutes=doors.early_minutes)
    closes = live.ends_at + timedelta(minutes=doors.late_minutes)
    now = datetime.now(UTC)
    if now < opens:
        raise DoorsClosed(f"The doors open at {opens:%Y-%m-%dT%H:%M:%SZ}. Come back then.", opens_at=opens)
    if now > closes:
        raise DoorsClosed(f"The session ended; its doors closed at {closes:%Y-%m-%dT%H:%M:%SZ}.")
    arrival = insert(Attendance).values(id=uuid7(), live_session_id=live.id, user_id=user_id, joined_at=func.now())
    session.execute(arrival.on_conflict_do_nothing())
    return f"{doors.base_url.rstrip('/')}/{live.room}"
