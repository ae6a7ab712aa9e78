"""Periodic jobs of a worker: one leader each by the row in `jobs`, missed runs made up, kept over restarts.

A long job is a generator. The worker can stop at each `yield`, and gives other jobs that are due their turn there.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from shared import tables
from shared.database import Database
from shared.telemetry import get_logger

log = get_logger(__name__)


@dataclass(frozen=True)
class Job:
    """`run(database)` is called every so often by exactly one worker of the service, and must be safe to repeat. What
    it returns, if anything, is stepped through; the rest of a run that is cut off waits for the next one."""

    name: str
    every: timedelta
    run: Callable[[Database], Iterator[None] | None]

    def run_to_end(self, database: Database) -> None:
        """One whole run, at once."""
        deque(self.run(database) or (), maxlen=0)


class Scheduler:
    """Step of the jobs loop."""

    def __init__(self, database: Database, jobs: Sequence[Job]) -> None:
        self._database = database
        self._jobs = {job.name: job for job in jobs}
        self._registered = False
        # What is begun, by name; the first has the next turn.
        self._runs: dict[str, Iterator[None]] = {}

    def step(self) -> bool:
        """Begins a due job, or goes on with a begun one up to its next `yield`. Returns False when there is none."""
        if not self._registered:
            self._register()
        job = self._claim_due()
        if job is None and not self._runs:
            return False
        name = job.name if job else next(iter(self._runs))
        try:
            run = iter(job.run(self._database) or ()) if job else self._runs.pop(name)
            next(run)
        except StopIteration:
            self._note_end(name, None)
        except Exception as failure:
            log.error("job failed", job=name, exc_info=failure)
            self._note_end(name, f"{type(failure).__name__}: {failure}"[:2000])
        else:
            self._runs[name] = run
        return True

    def _note_end(self, name: str, error: str | None) -> None:
        with self._database.begin() as session:
            session.execute(update(tables.jobs).where(tables.jobs.c.name == name).values(last_error=error))

    def _register(self) -> None:
        if self._jobs:
            rows = [{"name": name} for name in self._jobs]
            with self._database.begin() as session:
                session.execute(insert(tables.jobs).values(rows).on_conflict_do_nothing())
        self._registered = True

    def _claim_due(self) -> Job | None:
        t = tables.jobs.c
        is_due = (t.name.in_(self._jobs.keys() - self._runs.keys()), t.next_run_at <= func.now())
        if not self._database.ask(select(select(t.name).where(*is_due).exists())):
            return None
        due = select(t.name).where(*is_due).order_by(t.next_run_at).limit(1).with_for_update(skip_locked=True)
        with self._database.begin() as session:
            name = session.scalar(due)
            if name is None:
                return None
            job = self._jobs[name]
            values = {"next_run_at": func.now() + job.every, "last_run_at": func.now()}
            session.execute(update(tables.jobs).where(t.name == name).values(**values))
        return job
