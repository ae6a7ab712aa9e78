"""What a diploma says: plain facts, the only thing that the printing side and the storing side share."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Diploma:
    """Everything printed on the sheet. Times are UTC; `code` is in its readable form, `verify_url` is public."""

    academy: str
    learner_name: str
    course_title: str
    completed_at: datetime
    issued_at: datetime
    code: str
    verify_url: str


# The PDF of a diploma: the same diploma gives the same bytes.
Render = Callable[[Diploma], bytes]
