"""After a commit the service's worker is woken, and only then."""

import select as sockets
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import text

from shared.database import Database
from shared.hints import wake_channel, wake_worker
from shared.testing import Harness
from shared.testing.waiting import wait_until

Heard = Callable[[], list[str]]


@pytest.fixture
def database(things: Harness) -> Iterator[Database]:
    mine = Database(things.database.engine.url, "hints", pool_size=2)
    yield mine
    mine.close()


@pytest.fixture
def heard(things: Harness) -> Iterator[Heard]:
    """The loops named so far."""
    held = things.database.autocommit_engine.raw_connection()
    held.detach()
    connection: Any = held.dbapi_connection
    with connection.cursor() as cursor:
        cursor.execute(f'LISTEN "{wake_channel("hints")}"')

    def names() -> list[str]:
        if sockets.select([connection], [], [], 0)[0]:
            connection.poll()
        return [name for hint in connection.notifies for name in hint.payload.split(",")]

    yield names
    held.close()


def test_a_commit_wakes_the_loops_that_were_asked_for(database: Database, heard: Heard) -> None:
    with database.begin() as session:
        wake_worker(session, "relay")
        wake_worker(session, "inbox")
        session.execute(text("SELECT pg_sleep(0.05)"))
        assert heard() == []
    wait_until(lambda: sorted(heard()) == ["inbox", "relay"], what="both are heard")


def test_a_rolled_back_wish_is_forgotten_and_a_savepoint_ends_none(database: Database, heard: Heard) -> None:
    with database.sessions() as session, session.begin() as transaction:
        wake_worker(session, "refused")
        transaction.rollback()
    with database.begin() as session:
        wake_worker(session, "kept")
        session.begin_nested().rollback()
        session.begin_nested().commit()
        assert heard() == []
    wait_until(lambda: heard() == ["kept"], what="the outer one is heard")


def test_of_a_burst_no_word_is_lost(database: Database, heard: Heard) -> None:
    for number in range(200):
        with database.begin() as session:
            wake_worker(session, f"loop{number}")
    wait_until(lambda: len(heard()) == 200, what="all are heard")


def test_a_lost_connection_costs_hints_but_no_commit_and_comes_back(database: Database, heard: Heard) -> None:
    with database.begin() as session:
        wake_worker(session, "first")
    wait_until(lambda: heard() == ["first"], what="the first is heard")
    with database.begin() as session:
        session.execute(
            text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'EXECUTE hot_%hints.wake%'")
        )
        wake_worker(session, "lost")

    def asked_again() -> bool:
        with database.begin() as session:
            wake_worker(session, "again")
        return "again" in heard()

    wait_until(asked_again, what="hints come again")
