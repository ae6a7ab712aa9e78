"""What learners are told about live sessions."""

from datetime import UTC, datetime, timedelta

from services.notifications.notices import Notice, compose
from shared.events import LiveSessionCancelled, LiveSessionChanged, LiveSessionReminderDue, LiveSessionScheduled
from shared.events.live import LiveSessionEvent

LiveSessionNews = LiveSessionScheduled | LiveSessionChanged | LiveSessionCancelled
KINDS = {
    LiveSessionScheduled: "live_session_scheduled",
    LiveSessionChanged: "live_session_changed",
    LiveSessionCancelled: "live_session_cancelled",
}


def is_over(event: LiveSessionEvent) -> bool:
    """True when the session has ended: nobody wants to read of it any more."""
    return event.starts_at + timedelta(minutes=event.duration_minutes) < datetime.now(UTC)


def news(event: LiveSessionNews) -> Notice:
    """Once per version of the session."""
    return _about(KINDS[type(event)], f"{event.live_session_id}:{event.version}", event)


def reminder(event: LiveSessionReminderDue) -> Notice:
    """Once per start: a session that moves is reminded of again."""
    return _about("live_session_reminder", f"{event.live_session_id}:{event.starts_at:%Y%m%dT%H%M}", event)


def _about(kind: str, fact: str, event: LiveSessionEvent) -> Notice:
    facts = {
        "course": event.course_title,
        "title": event.title,
        "when": event.starts_at.isoformat(),
        "minutes": str(event.duration_minutes),
    }
    return compose(kind, fact, f"/live-sessions/{event.live_session_id}", **facts)
