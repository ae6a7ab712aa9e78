"""A hot statement gives what it would give without being hot, in the transaction and the order of the others."""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import bindparam, column, func, insert, select, table, text, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from uuid_utils.compat import uuid7

from shared.database import COLUMN_TYPES, Database, new_metadata
from shared.prepared import hot
from shared.testing import Harness
from shared.transactions import later
from tests.kernel.trial_service import count_things


class Base(DeclarativeBase):
    metadata = new_metadata()
    type_annotation_map = COLUMN_TYPES


class Thing(Base):
    """The kernel's things, as an entity."""

    __tablename__ = "things"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    version: Mapped[int] = mapped_column(default=1)


THINGS = table("things", column("id"), column("name"), column("version"))
ADD = insert(THINGS)
RENAME = update(THINGS).where(THINGS.c.name == func.lower(bindparam("old"))).values(name=bindparam("new"))
SHOWN = select(THINGS.c.name, (THINGS.c.version + 1).label("next")).where(THINGS.c.version == 7)
ECHO = text("SELECT CAST(:at AS timestamptz) AS at, CAST(:id AS uuid) AS id, CAST(:members AS jsonb) AS members")


def thing(name: str, **values: Any) -> dict[str, Any]:
    return {"id": str(uuid7()), "name": name, "version": 7} | values


@pytest.mark.parametrize("kind", [hot, lambda statement: statement])
def test_rows_have_the_names_and_the_constants_of_the_statement(things: Harness, kind: Any) -> None:
    name = str(uuid4())
    statement = kind(SHOWN.where(THINGS.c.name == name))
    with things.database.begin() as session:
        session.execute(kind(ADD), thing(name))
        (row,) = session.execute(statement).all()
        assert (row.name, row.next) == (name, 8)
        assert session.scalar(statement) == name


def test_values_come_back_as_they_are_everywhere(things: Harness) -> None:
    values = {"at": datetime.now(UTC), "id": uuid4(), "members": '{"a": [1]}'}
    statement = text(ECHO.text).columns(members=JSONB)
    with things.database.begin() as session:
        plain, quick = session.execute(statement, values).one(), session.execute(hot(statement), values).one()
    assert tuple(plain) == tuple(quick) == (values["at"], values["id"], {"a": [1]})


def test_what_the_database_refuses_is_the_same_error(things: Harness) -> None:
    row = thing(str(uuid4()))
    with things.database.begin() as session:
        session.execute(hot(ADD), row)
        with pytest.raises(IntegrityError):
            session.execute(hot(ADD), row)
    assert count_things(things, row["name"]) == 0


def test_an_insert_has_the_columns_of_its_values(things: Harness) -> None:
    row, twin = thing(str(uuid4())), str(uuid7())
    with_twin = hot(insert(table("things", *(column(name) for name in (*row, "twin")))))
    with things.database.begin() as session:
        session.execute(with_twin, row)
        session.execute(with_twin, {**row, "id": str(uuid7()), "twin": twin})
        twins = session.execute(text("SELECT twin FROM things WHERE name = :name ORDER BY id"), row)
        assert [str(found) for (found,) in twins] == ["None", twin]


def test_entities_and_their_defaults_come_from_the_orm(things: Harness) -> None:
    name = str(uuid4())
    found = hot(select(Thing).where(Thing.name == name))
    with things.database.begin() as session:
        session.execute(hot(insert(Thing)), {"id": uuid7(), "name": name})
        entity = session.scalars(found).one()
        entity.version = 9
        # Asked again, it is the same object, and its change is written before the question.
        again = session.scalar(hot(select(Thing.version).where(Thing.name == name)))
        assert (session.execute(found).one()[0] is entity, again) == (True, 9)


def test_later_ones_wait_and_all_others_see_them(things: Harness) -> None:
    name, renamed = str(uuid4()), str(uuid4())
    with things.database.begin() as session:
        assert session.execute(later(hot(ADD)), thing(name)) is None
        session.execute(hot(RENAME), {"old": name, "new": renamed})
    assert (count_things(things, name), count_things(things, renamed)) == (0, 1)


def test_hot_statements_and_the_orm_are_one_transaction_whoever_comes_first(things: Harness) -> None:
    name, renamed, refused = str(uuid4()), str(uuid4()), str(uuid4())
    with things.database.begin() as session:
        session.execute(hot(ADD), thing(name))
        session.get_one(Thing, session.scalar(select(Thing.id).where(Thing.name == name))).version = 9
        session.execute(hot(RENAME), {"old": name, "new": renamed})
    with suppress(ZeroDivisionError), things.database.begin() as session:
        session.add(Thing(id=uuid7(), name=refused))
        session.execute(hot(ADD), thing(refused))
        raise ZeroDivisionError
    assert [count_things(things, one) for one in (name, renamed, refused)] == [0, 1, 0]


def test_an_orm_that_was_asked_for_nothing_commits_the_hot_ones(things: Harness) -> None:
    name = str(uuid4())
    with things.database.begin() as session:
        session.flush()
        session.execute(hot(ADD), thing(name))
    assert count_things(things, name) == 1


def test_one_lost_connection_is_told_and_takes_the_others_with_it(things: Harness) -> None:
    database = Database(things.database.engine.url, "lost", pool_size=3)
    ask = hot(text("SELECT pg_backend_pid()"))
    with database.begin() as one, database.begin() as other:
        pids = [one.scalar(ask), other.scalar(ask)]
    with things.database.begin() as session:
        session.execute(text("SELECT pg_terminate_backend(pid) FROM unnest(CAST(:pids AS int[])) pid"), {"pids": pids})
    with pytest.raises(OperationalError) as told, database.begin() as session:
        session.scalar(ask)
    assert told.value.connection_invalidated
    for _ in range(3):
        with database.begin() as session:
            assert session.scalar(ask) not in pids
    database.close()
