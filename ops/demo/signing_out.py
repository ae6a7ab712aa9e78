"""A token that was logged out must be refused by every service."""

import time

from ops.demo.caller import Caller
from ops.demo.steps import expect

WITHIN_SECONDS = 2.0
# One protected read of each of the six services.
PROTECTED = (
    "/api/v1/users/me",
    "/api/v1/enrollments",
    "/api/v1/payments/orders",
    "/api/v1/certificates",
    "/api/v1/notifications",
    "/api/v1/live-sessions",
)


def wait_until_refused_everywhere(caller: Caller) -> str:
    """Asks all six until each answers 401. Raises StepFailed when one still accepts the token after two seconds."""
    started = time.monotonic()
    accepting = list(PROTECTED)
    while accepting:
        asked_at = time.monotonic() - started
        accepting = [path for path in accepting if caller.raw("GET", path).status_code != 401]
        # Six answers every tenth of a second stay far below the gateway's rate limit.
        time.sleep(0.1 if accepting else 0)
        expect(not accepting or asked_at < WITHIN_SECONDS, f"401 everywhere within {WITHIN_SECONDS:g} s", accepting)
    return f"{len(PROTECTED)} of {len(PROTECTED)} after {(time.monotonic() - started) * 1000:.0f} ms"
