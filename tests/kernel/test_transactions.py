"""What waits for the next statement is in the same transaction, in order, and fails it as a whole."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import column, insert, table, text
from sqlalchemy.exc import IntegrityError
from uuid_utils.compat import uuid7

from shared.database import Database
from shared.prepared import hot
from shared.testing.harness import Harness
from shared.testing.wire import sent_statements
from shared.transactions import later
from tests.kernel.trial_service import count_things

THINGS = table("things", column("id"), column("name"), column("version"))
ADD = later(hot(insert(THINGS).inline()))
COUNT = text("SELECT count(*) FROM things WHERE name = :name")


def thing(name: str, **values: Any) -> dict[str, Any]:
    return {"id": str(uuid7()), "name": name, "version": 1} | values


def add(database: Database, *rows: dict[str, Any]) -> None:
    with database.begin() as session:
        for row in rows:
            session.execute(ADD, {name: row[name] for name in ("id", "name", "version")})


@pytest.fixture
def sent(things: Harness) -> Iterator[list[str]]:
    """What goes over the wire."""
    with sent_statements(things.database.engine) as texts:
        yield texts


def test_later_statements_are_seen_by_the_next_one_whatever_is_in_their_values(things: Harness) -> None:
    name = f"100 %s; 'quoted' %% \\ {uuid7()}"
    with things.database.begin() as session:
        session.execute(ADD, thing(name))
        session.execute(ADD, thing(name))
        assert session.scalar(COUNT, {"name": name}) == 2
    assert count_things(things, name) == 2


def test_a_transaction_of_later_statements_alone_is_one_message(things: Harness, sent: list[str]) -> None:
    name = str(uuid7())
    add(things.database, thing(name), thing(name))
    assert [message.count(name) for message in sent if "COMMIT" in message] == [2]
    assert count_things(things, name) == 2


def test_they_come_before_a_statement_for_many_rows(things: Harness) -> None:
    name = str(uuid7())
    rename = text("UPDATE things SET name = :new WHERE name = :old")
    with things.database.begin() as session:
        session.execute(ADD, thing(name))
        session.execute(rename, [{"old": name, "new": f"{name}-1"}, {"old": f"{name}-1", "new": f"{name}-2"}])
    assert count_things(things, f"{name}-2") == 1


def test_one_that_fails_at_the_commit_fails_all_of_it(things: Harness) -> None:
    name, row = str(uuid7()), thing(str(uuid7()))
    with pytest.raises(IntegrityError):
        add(things.database, thing(name), row, row)
    assert count_things(things, name) == 0


def test_after_a_failure_nothing_of_it_waits_on_the_connection(things: Harness) -> None:
    name = str(uuid7())
    database = Database(things.database.engine.url, "live", pool_size=1)
    with pytest.raises(KeyError):
        add(database, thing(name), {})
    with database.begin() as session:
        assert session.scalar(COUNT, {"name": name}) == 0
    database.close()
    assert count_things(things, name) == 0
