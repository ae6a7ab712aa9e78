"""Periodic jobs of a worker: one leader each by the row in `jobs`, missed runs made up, kept over restarts."""

from collections.abc import Callable, Sequence
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
    """`run(database)` is called every so often by exactly one worker of the service, and must be safe to repeat."""

    name: str
    every: timedelta
    run: Callable[[Database], None]


class Scheduler:
    """Step of the jobs loop."""

    def __init__(self, database: Database, jobs: Sequence[Job]) -> None:
        self._database = database
        self._jobs = {job.name: job for job in jobs}
        self._registered = False

    def step(self) -> bool:
        """Runs one due job. Returns False when none is due."""
        if not self._registered:
            self._register()
        job = self._claim_due()
        if job is None:
            return False
        error: str | None = None
        try:
            job.run(self._database)
        except Exception as failure:
            error = f"{type(failure).__name__}: {failure}"[:2000]
            log.error("job failed", job=job.name, exc_info=failure)
        with self._database.begin() as session:
            session.execute(update(tables.jobs).where(tables.jobs.c.name == job.name).values(last_error=error))
        return True

    def _register(self) -> None:
        if self._jobs:
            rows = [{"name": name} for name in self._jobs]
            with self._database.begin() as session:
                session.execute(insert(tables.jobs).values(rows).on_conflict_do_nothing())
        self._registered = True

    def _claim_due(self) -> Job | None:
        t = tables.jobs.c
        is_due = (t.name.in_(self._jobs), t.next_run_at <= func.now())
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
