"""Hot statements are planned once for each connection, and behave like any other statement."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DataError

from shared.database import Database
from shared.prepared import hot
from shared.testing.harness import Harness

ADD = hot(text("SELECT CAST(:left AS integer) + CAST(:right AS integer) + CAST(:left AS integer)"))
DIVIDE = hot(text("SELECT 10 % 4 / CAST(:by AS integer)"))
READ = hot(text("SELECT count(name) FROM things WHERE name = :name"))
PLANNED = text("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%' || :piece || '%'")


@pytest.fixture
def database(things: Harness) -> Iterator[Database]:
    """A pool of its own, so that its connection has prepared nothing yet."""
    mine = Database(things.database.engine.url, "live", pool_size=1)
    yield mine
    mine.close()


def plans(connection: Connection, piece: str) -> int:
    return int(connection.execute(PLANNED, {"piece": piece}).scalar_one())


def test_a_hot_statement_is_planned_once_however_often_it_runs(database: Database) -> None:
    with database.autocommit_engine.connect() as connection:
        sums = [connection.execute(ADD, {"left": n, "right": 1}).scalar_one() for n in range(10)]
        assert sums == [2 * n + 1 for n in range(10)]
        assert plans(connection, "+ CAST") == 1


def test_it_joins_a_transaction_and_its_plan_outlives_a_rolled_back_one(database: Database) -> None:
    for by in (1, 0, 2):
        with database.begin() as session:
            if by:
                assert session.execute(DIVIDE, {"by": by}).scalar_one() == 2 // by
                assert plans(session.connection(), "10 % 4") == 1
            else:
                with pytest.raises(DataError):
                    session.execute(DIVIDE, {"by": by})


def test_each_connection_plans_for_itself_also_after_one_was_lost(database: Database) -> None:
    assert database.ask(ADD, left=1, right=1) == 3
    database.autocommit_engine.dispose()
    assert database.ask(ADD, left=1, right=2) == 4


def test_a_migration_under_a_running_api_does_not_break_its_plans(things: Harness, database: Database) -> None:
    assert database.ask(READ, name="nobody has it") == 0
    owner = things.academy.owner("live")
    with owner.begin() as connection:
        connection.execute(text("ALTER TABLE things ADD COLUMN later integer"))
        connection.execute(text("ALTER TABLE things DROP COLUMN later"))
    owner.dispose()
    assert database.ask(READ, name="nobody has it") == 0
