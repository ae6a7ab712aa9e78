"""Statements that Postgres reads and plans once for each connection, not each time: `hot(statement)`.

psycopg2 sends every statement as text with its values in it. For what is asked hundreds of times a second reading and
planning it takes longer than running it; as PREPARE and EXECUTE (https://www.postgresql.org/docs/current/sql-prepare.html)
it is done once, and Postgres makes a generic plan when that is no worse than plans for the values.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from itertools import count
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Connection, Engine, Executable, event

# An execution option of the statement, and in `Connection.info` the names that this connection has.
HOT, PREPARED = "hot", "prepared"
# More different texts than there are hot statements: one that is built for each request must not be called hot.
MOST = 200
_PLACEHOLDER = re.compile(r"%(?:\((\w+)\)s|%)")
_numbers = count(1)
Statement = TypeVar("Statement", bound=Executable)


class Prepared(NamedTuple):
    """What is sent once, and then each time."""

    name: str
    prepare: str
    execute: str


def hot(statement: Statement) -> Statement:
    """The same statement, prepared on each connection that runs it. It must be a constant, with all that changes bound,
    and the types of its values plain to Postgres (casts where it cannot tell)."""
    return statement.execution_options(**{HOT: True})


def prepare_hot_statements(engine: Engine) -> None:
    """Makes an engine know what `hot` asks for."""
    event.listen(engine, "before_cursor_execute", _as_execute, retval=True)


def prepare(info: dict[Any, Any], sql: str, send: Callable[[str], Any]) -> str:
    """What runs the text on the connection of that `info`, which has it planned from now on."""
    prepared = _prepared(sql)
    known: set[str] = info.setdefault(PREPARED, set())
    if prepared.name not in known:
        # By the connection, not a cursor: should the server be gone, it is known as lost, like after any statement.
        send(prepared.prepare)
        known.add(prepared.name)
    return prepared.execute


def _as_execute(
    connection: Connection, _cursor: Any, sql: str, parameters: Any, context: Any, many: bool
) -> tuple[str, Any]:
    if many or not context.execution_options.get(HOT):
        return sql, parameters
    return prepare(connection.info, sql, connection.exec_driver_sql), parameters


@lru_cache(MOST)
def _prepared(sql: str) -> Prepared:
    numbers: dict[str, int] = {}

    def numbered(found: re.Match[str]) -> str:
        return f"${numbers.setdefault(found[1], len(numbers) + 1)}" if found[1] else "%%"

    name = f"hot_{next(_numbers)}"
    body = _PLACEHOLDER.sub(numbered, sql)
    values = ", ".join(f"%({value})s" for value in numbers)
    return Prepared(name, f"PREPARE {name} AS {body}", f"EXECUTE {name}({values})" if values else f"EXECUTE {name}")
