"""What live has of a person, and its erasure. Sessions that somebody hosts belong to their course."""

from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from services.live.models import Attendance, Grant, LiveSession
from shared.privacy import Counts, Privacy


def erase(session: Session, user_id: UUID, _version: int) -> Counts:
    """Removes who was where when. Grants stay: an id and a course, by which late events are told from new ones."""
    attended = delete(Attendance).where(Attendance.user_id == user_id).returning(Attendance.id)
    return {"attendances": len(session.execute(attended).all())}


PRIVACY = Privacy(
    "live",
    {
        "attendances": lambda user_id: select(Attendance.__table__).where(Attendance.user_id == user_id),
        "grants": lambda user_id: select(Grant.__table__).where(Grant.user_id == user_id),
        "live_sessions": lambda user_id: select(LiveSession.__table__).where(LiveSession.host_id == user_id),
    },
    erase,
)
