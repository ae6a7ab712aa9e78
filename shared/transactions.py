"""Transactions in few round trips: BEGIN travels with the first statement, what nobody waits for (`later`) with the
next one or with COMMIT.

psycopg2 sends BEGIN and COMMIT as commands of their own. Here its connections are in autocommit, and the words are
ours: a write with its event costs two round trips, not five. What is still to be sent is noted in the connection's
`info`, so that SQLAlchemy's connections and bare ones (shared/bare_connection.py) can take turns.
"""

from typing import Any, TypeVar

from psycopg2.extensions import TRANSACTION_STATUS_IDLE
from sqlalchemy import Connection, Engine, Executable, event

# In `info`: a transaction whose first statement is still to come, and statements that travel with the next.
BEGINS, WAITING = "transaction_begins", "statements_waiting"
# An execution option of a statement.
LATER = "later"

Statement = TypeVar("Statement", bound=Executable)
Info = dict[Any, Any]


def later(statement: Statement) -> Statement:
    """The same statement, sent with the one after it, or with COMMIT: in order, and in the transaction. For writes
    whose result nobody needs. It has none here, no rows, no count; should it fail, the one after it raises."""
    return statement.execution_options(**{LATER: True})


def shorten_transactions(engine: Engine) -> None:
    """For an engine in autocommit: its transactions are begun and ended here."""
    event.listen(engine, "begin", _begin)
    event.listen(engine, "before_cursor_execute", _before_execute, retval=True)
    event.listen(engine, "do_execute", _keep_waiting)
    event.listen(engine, "commit", _commit)
    event.listen(engine, "rollback", _roll_back)
    event.listen(engine, "reset", _reset)


def begin(info: Info) -> None:
    """Notes that a transaction begins with the next statement."""
    info[BEGINS] = True


def has_begun(info: Info) -> bool:
    """False for a transaction in which nothing was asked."""
    return BEGINS not in info or bool(info.get(WAITING))


def wait(info: Info, cursor: Any, sql: str, values: Any) -> None:
    """Keeps the statement for the next one."""
    info.setdefault(WAITING, []).append(cursor.mogrify(sql, values).decode() + ";")


def with_what_waits(info: Info, sql: str) -> str:
    """The statement behind all that is to go before it."""
    first = _take_what_waits(info)
    # Values are in it already; this statement's are still to come.
    return first.replace("%", "%%") + sql if first else sql


def _take_what_waits(info: Info) -> str:
    first = "BEGIN;" if info.pop(BEGINS, False) else ""
    return first + "".join(info.pop(WAITING, ()))


def _begin(connection: Connection) -> None:
    # It joins what was begun on the bare connection.
    if connection.connection.dbapi_connection.info.transaction_status == TRANSACTION_STATUS_IDLE:  # type: ignore[union-attr]
        begin(connection.info)


def _before_execute(
    connection: Connection, cursor: Any, statement: str, parameters: Any, context: Any, many: bool
) -> tuple[str, Any]:
    if _travels_later(context):
        return statement, parameters
    if not many:
        return with_what_waits(connection.info, statement), parameters
    # psycopg2 sends such a statement once for each row.
    if first := _take_what_waits(connection.info):
        cursor.execute(first)
    return statement, parameters


def _keep_waiting(cursor: Any, statement: str, parameters: Any, context: Any) -> bool:
    """True when the statement was taken care of: nothing is sent now."""
    if not _travels_later(context):
        return False
    wait(context.root_connection.info, cursor, statement, parameters)
    return True


def _travels_later(context: Any) -> bool:
    return bool(context.execution_options.get(LATER))


def _commit(connection: Connection) -> None:
    if has_begun(connection.info):
        connection.exec_driver_sql("COMMIT")
    connection.info.pop(BEGINS, None)


def _roll_back(connection: Connection) -> None:
    if not connection.closed and not connection.invalidated:
        _reset(connection.connection.dbapi_connection, connection, None)


def _reset(dbapi_connection: Any, holder: Any, _state: Any) -> None:
    """Ends what was begun; also when a connection comes back to the pool from somebody who forgot to."""
    holder.info.pop(BEGINS, None)
    holder.info.pop(WAITING, None)
    if not dbapi_connection.closed and dbapi_connection.info.transaction_status != TRANSACTION_STATUS_IDLE:
        with dbapi_connection.cursor() as cursor:
            cursor.execute("ROLLBACK")
