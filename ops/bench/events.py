"""How fast an event is: from a commit in catalog to the committed effect in live, on real workers.

The reference of the same run is ops/bench/bare.py: the least that the same promise costs by hand.
"""

import statistics
import time
from typing import Any
from uuid import UUID

from rich.console import Console
from rich.progress import Progress
from sqlalchemy import URL, text
from uuid_utils.compat import uuid7

from ops.bench.bare import administrator, bare_rate
from ops.bench.report import Row, publish
from ops.native.platform import Platform
from ops.places import VAR
from shared import outbox
from shared.database import Database
from shared.events import CourseUpdated

EVENTS = 5000
PER_SECOND, SECONDS = 50, 20
PATIENCE_SECONDS = 120
LATENCY = """
    SELECT extract(epoch FROM pg_xact_commit_timestamp(i.xmin) - o.created_at) * 1000
    FROM live.inbox i JOIN catalog.outbox o ON o.event_id::text = i.event_id WHERE o.id > %s
"""


def run(console: Console) -> int:
    """Measures and reports; 0 when all bars are held."""
    platform = Platform(VAR / "bench", services=("identity", "catalog", "live"))
    try:
        state = platform.up()
        bench = EventsBench(state, platform)
        with Progress(console=console) as progress:
            task = progress.add_task("events", total=4)
            bare = bare_rate(state, CourseUpdated(**facts_of(uuid7())).model_dump_json())
            progress.advance(task)
            bench.warm_up()
            progress.advance(task)
            p50, p99 = bench.latency()
            progress.advance(task)
            rate = bench.rate()
            progress.advance(task)
    finally:
        platform.remove()
    rows = [
        Row("commit to effect in another service, p50", p50, "ms", "at most 20", p50 <= 20),
        Row("commit to effect in another service, p99", p99, "ms", "at most 100", p99 <= 100),
        Row("one worker, outbox to committed effect", rate, "events/s", "at least 800", rate >= 800),
        Row("the same, against bare pika", rate, "events/s", "ratio at least 0.5", rate >= bare / 2, bare),
    ]
    console.print(f"written to {publish('events', rows, console)}", style="dim")
    return 0 if all(row.held for row in rows) else 1


class EventsBench:
    """One platform, measured."""

    def __init__(self, state: dict[str, Any], platform: Platform) -> None:
        self._facts = state["database"]
        # Commit times tell when an effect was there, not when its transaction began.
        with administrator(self._facts) as cursor:
            cursor.execute("ALTER SYSTEM SET track_commit_timestamp = on")
        platform.stop("postgres")
        platform.start("postgres")
        url = URL.create(
            "postgresql+psycopg2",
            self._facts["admin_user"],
            self._facts["admin_password"],
            self._facts["host"],
            self._facts["port"],
            self._facts["name"],
        )
        self._catalog = Database(url, "catalog", pool_size=2)

    def warm_up(self) -> None:
        """Connections, plans and caches of both workers."""
        self._wait_for(self._commit(200))

    def latency(self) -> tuple[float, float]:
        """(p50, p99) in milliseconds at 50 events a second, each in a transaction of its own."""
        before, last = self._last_outbox_id(), uuid7()
        started = time.perf_counter()
        for number in range(PER_SECOND * SECONDS):
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
        course_id = uuid7()
        with self._catalog.begin() as session:
            session.execute(text("SET LOCAL search_path = catalog"))
            for _ in range(count):
                course_id = uuid7()
                outbox.add(session, CourseUpdated(**facts_of(course_id)))
        return course_id

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
