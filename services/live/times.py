"""When a live session may start."""

from datetime import UTC, datetime, timedelta

MAX_DAYS_AHEAD = 730


def start_fault(starts_at: datetime) -> str:
    """Why a session cannot be scheduled for this time; empty when it can."""
    now = datetime.now(UTC)
    if now < starts_at <= now + timedelta(days=MAX_DAYS_AHEAD):
        return ""
    return f"must lie in the future, at most {MAX_DAYS_AHEAD} days ahead"
