"""Settings of the live service."""

import shared.settings


class Settings(shared.settings.Settings):
    """`meeting_base_url` is where rooms live; a room's address is this plus its unguessable name."""

    meeting_base_url: str = "https://meet.jit.si"
    # Doors open this long before the start and close this long after the end (minutes).
    join_early_minutes: int = 15
    join_late_minutes: int = 30
    # Learners are reminded this long before the start (minutes).
    reminder_minutes: int = 60
