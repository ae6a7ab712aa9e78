"""After a commit the service's worker is woken, and only then."""

import select as sockets
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy import text

from shared.database import Database
from shared.hints import wake_channel, wake_worker
from shared.testing import Harness
from shared.testing.waiting import wait_until

# The hints so far, each the loops that it names.
Heard = Callable[[], list[list[str]]]


@pytest.fixture
def database(things: Harness) -> Iterator[Database]:
    mine = Database(things.database.engine.url, "hints", pool_size=2)
    yield mine
    mine.close()


@pytest.fixture
def heard(things: Harness) -> Iterator[Heard]:
    """What was heard so far."""
    held = things.database.autocommit_engine.raw_connection()
    held.detach()
    connection: Any = held.dbapi_connection
    with connection.cursor() as cursor:
        cursor.execute(f'LISTEN "{wake_channel("hints")}"')

    def hints() -> list[list[str]]:
        if sockets.select([connection], [], [], 0)[0]:
            connection.poll()
        return [hint.payload.split(",") for hint in connection.notifies]

    yield hints
    held.close()


def test_a_commit_wakes_the_loops_that_were_asked_for(database: Database, heard: Heard) -> None:
    with database.begin() as session:
        wake_worker(session, "relay")
        wake_worker(session, "inbox")
        session.execute(text("SELECT pg_sleep(0.05)"))
        assert heard() == []
    wait_until(lambda: heard() == [["inbox", "relay"]], what="both are heard")


def test_a_rolled_back_wish_is_forgotten_and_a_savepoint_ends_none(database: Database, heard: Heard) -> None:
    with suppress(ZeroDivisionError), database.begin() as session:
        wake_worker(session, "refused")
        raise ZeroDivisionError
    with database.begin() as session:
        wake_worker(session, "kept")
        session.begin_nested().rollback()
        session.begin_nested().commit()
        assert heard() == []
    wait_until(lambda: heard() == [["kept"]], what="the outer one is heard")


def test_of_a_burst_no_word_is_lost_and_many_travel_together(database: Database, heard: Heard) -> None:
    for number in range(200):
        with database.begin() as session:
            session.execute(text("SELECT 1"))
            wake_worker(session, f"loop{number}")
    wait_until(lambda: sum(map(len, heard())) == 200, what="all are heard")
    assert len(heard()) < 60


def test_a_lost_connection_costs_hints_but_no_commit_and_comes_back(database: Database, heard: Heard) -> None:
    with database.begin() as session:
        wake_worker(session, "first")
    wait_until(lambda: heard() == [["first"]], what="the first is heard")
    with database.begin() as session:
        session.execute(
            text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'EXECUTE hot_%hints.wake%'")
        )
        wake_worker(session, "lost")

    def asked_again() -> bool:
        with database.begin() as session:
            wake_worker(session, "again")
        return ["again"] in heard()

    wait_until(asked_again, what="hints come again")
