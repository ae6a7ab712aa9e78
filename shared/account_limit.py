"""How many requests one account may make, whatever tokens it makes them with.

The gateway counts by token, because it cannot verify one; here the token has been verified. Each process counts for
itself, so an account may make as many times more as a service has processes.
"""

import time
from uuid import UUID

from shared.errors import Problem

# About 10 MB. An account that made no request for a few seconds is forgotten as soon as there is no room.
MAX_ACCOUNTS = 50_000


class TooManyRequests(Problem):
    status, slug, title = 429, "too-many-requests", "Too many requests"
    detail = "Wait as many seconds as Retry-After says, then go on more slowly."


class AccountLimit:
    """`per_second` requests of an account in the long run, `burst` more at once (a token bucket, kept as the time at
    which the bucket is full again)."""

    def __init__(self, per_second: int, burst: int) -> None:
        self._interval = 1 / per_second
        self._tolerance = burst / per_second
        # By the number of the account's id, whose hash costs a third of the id's own.
        self._full_at: dict[int, float] = {}
        self._policy = f'"account";q={per_second};w=1;burst={burst}'

    def count(self, account: UUID) -> None:
        """Counts one request. Raises TooManyRequests; what is refused does not count."""
        now = time.monotonic()
        key = account.int
        full_at = self._full_at.get(key, now)
        if full_at <= now:
            full_at = now
            if len(self._full_at) >= MAX_ACCOUNTS:
                self._make_room(now)
        elif full_at - now > self._tolerance:
            limits = {"RateLimit": '"account";r=0;t=1', "RateLimit-Policy": self._policy}
            raise TooManyRequests(headers={"Retry-After": "1", **limits})
        self._full_at[key] = full_at + self._interval

    def _make_room(self, now: float) -> None:
        self._full_at = {key: full_at for key, full_at in self._full_at.items() if full_at > now}
        if len(self._full_at) >= MAX_ACCOUNTS:
            # So many at the same moment: starting anew costs less than finding the oldest each time.
            self._full_at.clear()
