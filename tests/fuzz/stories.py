"""Stories along the document's links: something is made, then read, used, changed and deleted."""

from datetime import UTC, datetime, timedelta
from typing import Any

Document = dict[str, Any]
# Who may make what. What else is linked begins with something that no machine makes up: a mailed token, the answer of a
# provider or of an authenticator, a file that is what it says.
MAKERS = {
    "student": ("create_api_key", "request_export", "apply_as_instructor"),
    "instructor": ("create_course", "schedule_live_session"),
    "support": ("start_checkout",),
    "admin": ("invite_user", "create_course", "create_coupon"),
}
STEPS = 10
PHASES: Document = {
    "enabled": False,
    "stateful": {
        "enabled": True,
        "max-steps": STEPS,
        # The document's own links, and what fits it: nothing is made of what is refused.
        "inference": {"algorithms": []},
        "generation": {"mode": "positive"},
    },
}
# Days from now, as they make sense together.
TIMES = {"starts_at": 1, "ends_at": 30, "expires_at": 30}


def story_of(document: Document, role: str) -> set[str]:
    """The operations that what the role makes leads to."""
    links = {
        operation["operationId"]: {
            name for answer in operation["responses"].values() for name in answer.get("links", ())
        }
        for methods in document["paths"].values()
        for operation in methods.values()
    }
    found: set[str] = set()
    ahead = set(MAKERS.get(role, ()))
    while ahead:
        found |= ahead
        # Whoever has read the document before may have added links of its own, which lead to no operation by name.
        ahead = set().union(*(links[name] for name in ahead)) & links.keys() - found
    return found


def time_of(name: str) -> list[str]:
    """A time that makes sense for a field of that name, if it is one."""
    days = TIMES.get(name)
    return [(datetime.now(UTC) + timedelta(days=days)).isoformat()] if days else []
