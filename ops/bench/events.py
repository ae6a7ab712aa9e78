"""How fast an event is: from a commit in catalog to the committed effect in live, on real workers.

The reference of the same run is ops/bench/bare.py: the least that the same promise costs by hand.
"""

import statistics
import time
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import URL, text
from uuid_utils.compat import uuid7

from ops.bench.bare import administrator, bare_rate
from ops.bench.ground import Ground
from ops.bench.pace import Pace
from ops.bench.report import Row
from shared import outbox
from shared.database import Database
from shared.events import CourseUpdated

STEPS = 3
EVENTS = 5000
PER_SECOND = 50
PATIENCE_SECONDS = 120
LATENCY = """
    SELECT extract(epoch FROM pg_xact_commit_timestamp(i.xmin) - o.created_at) * 1000
    FROM live.inbox i JOIN catalog.outbox o ON o.event_id::text = i.event_id WHERE o.id > %s
"""


def measure(ground: Ground, pace: Pace) -> list[Row]:
    """Latency at a modest rate, and what one worker sustains."""
    bench = EventsBench(ground.database)
    bare = bare_rate(ground.state, CourseUpdated(**facts_of(uuid7())).model_dump_json())
    pace.step()
    bench.warm_up()
    p50, p99 = bench.latency(pace.steady_seconds / 3)
    pace.step()
    rate = bench.rate()
    pace.step()
    return [
        Row.at_most("commit to effect in another service, p50", p50, "ms", 20),
        Row.at_most("commit to effect in another service, p99", p99, "ms", 100),
        Row.at_least("one worker, outbox to committed effect", rate, "events/s", 800),
        Row.at_least("one worker, against bare pika", rate, "events/s", 0.5, bare),
    ]


class EventsBench:
    """The database of a platform that runs, and what was committed there."""

    def __init__(self, facts: dict[str, Any]) -> None:
        self._facts = facts
        access = (facts["admin_user"], facts["admin_password"], facts["host"], facts["port"], facts["name"])
        self._catalog = Database(URL.create("postgresql+psycopg2", *access), "catalog", pool_size=2)

    def sell(self, courses: Iterable[UUID]) -> None:
        """Tells that these courses cost money now; waits until they are known."""
        last = self._tell(list(courses))
        self._wait_for(last)

    def warm_up(self) -> None:
        """Connections, plans and caches of both workers."""
        self._wait_for(self._commit(200))

    def latency(self, seconds: float) -> tuple[float, float]:
        """(p50, p99) in milliseconds at 50 events a second, each in a transaction of its own."""
        before, last = self._last_outbox_id(), uuid7()
        started = time.perf_counter()
        for number in range(int(PER_SECOND * seconds)):
            time.sleep(max(0.0, started + number / PER_SECOND - time.perf_counter()))
            last = self._commit(1)
        self._wait_for(last)
        with administrator(self._facts) as cursor:
            cursor.execute(LATENCY, (before,))
            times = sorted(float(value) for (value,) in cursor.fetchall())
        return statistics.median(times), times[int(len(times) * 0.99)]

    def rate(self) -> float:
        """Events a second from a full outbox to the last committed effect."""
        last = self._commit(EVENTS)
        started = time.perf_counter()
        self._wait_for(last)
        return EVENTS / (time.perf_counter() - started)

    def _commit(self, count: int) -> UUID:
        """Commits so many events in one transaction of catalog; returns the last one's course."""
        return self._tell([uuid7() for _ in range(count)])

    def _tell(self, courses: Sequence[UUID]) -> UUID:
        with self._catalog.begin() as session:
            session.execute(text("SET LOCAL search_path = catalog"))
            for course_id in courses:
                outbox.add(session, CourseUpdated(**facts_of(course_id)))
        return courses[-1]

    def _last_outbox_id(self) -> int:
        with administrator(self._facts) as cursor:
            cursor.execute("SELECT max(id) FROM catalog.outbox")
            return int(cursor.fetchone()[0])

    def _wait_for(self, course_id: UUID) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        with administrator(self._facts) as cursor:
            while time.monotonic() < deadline:
                cursor.execute("SELECT 1 FROM live.courses WHERE course_id = %s", (str(course_id),))
                if cursor.fetchone():
                    return
                time.sleep(0.005)
        raise TimeoutError(f"the effect of {course_id} did not come in {PATIENCE_SECONDS} s")


def facts_of(course_id: UUID) -> dict[str, Any]:
    """A course as its event tells it."""
    return {
        "course_id": course_id,
        "version": 1,
        "slug": f"course-{course_id}",
        "title": "Practical Statistics",
        "instructor_id": course_id,
        "price_amount": 4900,
        "price_currency": "USD",
    }
