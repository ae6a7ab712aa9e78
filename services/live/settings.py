"""Settings of the live service."""

from collections.abc import Iterator

import shared.settings
from shared.settings import Refusal


class Settings(shared.settings.Settings):
    """`meeting_base_url` is where rooms live; a room's address is this plus its unguessable name."""

    meeting_base_url: str = "https://meet.jit.si"
    # Doors open this long before the start and close this long after the end (minutes).
    join_early_minutes: int = 15
    join_late_minutes: int = 30
    # Learners are reminded this long before the start (minutes).
    reminder_minutes: int = 60

    def production_refusals(self) -> Iterator[Refusal]:
        """Beside what every service refuses: rooms whose addresses travel in the clear."""
        yield from super().production_refusals()
        if not self.meeting_base_url.startswith("https://"):
            yield "meeting_base_url", "must begin with https:// in production"
