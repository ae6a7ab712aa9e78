"""Jobs of a worker: long ones in steps, which others do not wait for and a stop does not either."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, func, insert, select, text

from shared import tables
from shared.database import Database
from shared.jobs import Job, Scheduler
from shared.loops import Loop
from shared.sweeping import BATCH, delete_rows
from shared.testing import Harness, wait_until


def job(run: Callable[[Database], Iterator[None] | None]) -> Job:
    return Job(f"test-{uuid4()}", timedelta(hours=1), run)


def last_error(things: Harness, one: Job) -> str | None:
    t = tables.jobs.c
    error: str | None = things.database.ask(select(t.last_error).where(t.name == one.name))
    return error


@pytest.fixture
def leftovers(things: Harness) -> Iterator[Table]:
    """A table with two and a half batches of rows to delete."""
    table = Table(f"leftovers_{uuid4().hex[:8]}", MetaData(), Column("id", Integer, primary_key=True))
    owner = things.academy.owner("live")
    with owner.begin() as connection:
        table.create(connection)
        connection.execute(insert(table).from_select(["id"], select(func.generate_series(1, BATCH * 5 // 2))))
    yield table
    with owner.begin() as connection:
        table.drop(connection)
    owner.dispose()


def count(things: Harness, table: Table) -> int:
    return int(things.database.ask(select(func.count()).select_from(table)))


def test_a_cleanup_goes_on_until_nothing_is_left_each_batch_by_itself(things: Harness, leftovers: Table) -> None:
    cleanup = job(lambda database: delete_rows(database, (leftovers, leftovers.c.id > 10)))
    scheduler = Scheduler(things.database, [cleanup])
    left = [count(things, leftovers) for _ in range(3) if scheduler.step()]
    assert left == [BATCH * 3 // 2, BATCH // 2, 10]
    assert scheduler.step(), "the end"
    assert not scheduler.step()


def test_a_table_that_cannot_be_cleaned_does_not_keep_the_others(things: Harness, leftovers: Table) -> None:
    missing = Table("missing", MetaData(), Column("id", Integer, primary_key=True))
    cleanup = job(lambda db: delete_rows(db, (missing, missing.c.id > 0), (leftovers, leftovers.c.id > 0)))
    scheduler = Scheduler(things.database, [cleanup])
    while scheduler.step():
        continue
    assert count(things, leftovers) == 0
    assert "missing" in (last_error(things, cleanup) or "")


def test_a_row_that_somebody_holds_is_left_for_the_next_run(things: Harness, leftovers: Table) -> None:
    cleanup = job(lambda database: delete_rows(database, (leftovers, leftovers.c.id > 0)))
    owner = things.academy.owner("live")
    with owner.begin() as holder:
        holder.execute(text(f"SELECT FROM {leftovers.name} WHERE id = 7 FOR UPDATE"))
        cleanup.run_to_end(things.database)
        assert count(things, leftovers) == 1
    owner.dispose()
    cleanup.run_to_end(things.database)
    assert count(things, leftovers) == 0


def test_a_worker_stops_between_two_steps_of_a_job(things: Harness) -> None:
    steps: list[int] = []

    def for_ever(_database: Database) -> Iterator[None]:
        while True:
            steps.append(1)
            yield

    loop = Loop("jobs", Scheduler(things.database, [job(for_ever)]).step)
    loop.start()
    wait_until(lambda: len(steps) > 3, what="some steps")
    loop.stop()
    assert loop.join(10)


def test_other_jobs_have_their_turn_between_the_steps_of_a_long_one(things: Harness) -> None:
    done: list[str] = []

    def for_ever(_database: Database) -> Iterator[None]:
        while True:
            done.append("long")
            yield

    def fail(_database: Database) -> None:
        done.append("failing")
        raise RuntimeError("a defect of the job")

    def finish(_database: Database) -> None:
        done.append("short")

    failing = job(fail)
    scheduler = Scheduler(things.database, [job(for_ever), failing, job(finish)])
    assert all(scheduler.step() for _ in range(6))
    assert sorted(done) == ["failing", "long", "long", "long", "long", "short"]
    assert last_error(things, failing) == "RuntimeError: a defect of the job"
