"""Transactions in few round trips: BEGIN travels with the first statement, what nobody waits for (`later`) with the
next one or with COMMIT.

psycopg2 sends BEGIN and COMMIT as commands of their own. Here its connections are in autocommit, and the words are
ours: a write with its event costs two round trips, not five.
"""

from typing import Any, TypeVar

from psycopg2.extensions import TRANSACTION_STATUS_IDLE
from sqlalchemy import Connection, Engine, Executable, event

# In `Connection.info`: a transaction whose first statement is still to come, and statements that travel with the next.
BEGINS, WAITING = "transaction_begins", "statements_waiting"
# An execution option of a statement.
LATER = "later"

Statement = TypeVar("Statement", bound=Executable)


def later(statement: Statement) -> Statement:
    """The same statement, sent with the one after it, or with COMMIT: in order, and in the transaction. For writes
    whose result nobody needs. It has none here, no rows, no count; should it fail, the one after it raises."""
    return statement.execution_options(**{LATER: True})


def send_later(connection: Connection, sql: str, values: Any) -> None:
    """Sends the text with the next statement, or with COMMIT."""
    cursor = connection.connection.cursor()
    _wait(connection, cursor, sql, values)
    cursor.close()


def shorten_transactions(engine: Engine) -> None:
    """For an engine in autocommit: its transactions are begun and ended here."""
    event.listen(engine, "begin", _begin)
    event.listen(engine, "before_cursor_execute", _with_what_waits, retval=True)
    event.listen(engine, "do_execute", _keep_waiting)
    event.listen(engine, "commit", _commit)
    event.listen(engine, "rollback", _roll_back)
    event.listen(engine, "reset", _reset)


def _begin(connection: Connection) -> None:
    connection.info[BEGINS] = True


def _with_what_waits(
    connection: Connection, cursor: Any, statement: str, parameters: Any, context: Any, many: bool
) -> tuple[str, Any]:
    if _travels_later(context):
        return statement, parameters
    first = "BEGIN;" if connection.info.pop(BEGINS, False) else ""
    first += "".join(connection.info.pop(WAITING, ()))
    if first and many:
        # psycopg2 sends such a statement once for each row.
        cursor.execute(first)
    elif first:
        # Values are in it already; this statement's are still to come.
        statement = first.replace("%", "%%") + statement
    return statement, parameters


def _keep_waiting(cursor: Any, statement: str, parameters: Any, context: Any) -> bool:
    """True when the statement was taken care of: nothing is sent now."""
    if not _travels_later(context):
        return False
    _wait(context.root_connection, cursor, statement, parameters)
    return True


def _wait(connection: Connection, cursor: Any, sql: str, values: Any) -> None:
    connection.info.setdefault(WAITING, []).append(cursor.mogrify(sql, values).decode() + ";")


def _travels_later(context: Any) -> bool:
    return bool(context.execution_options.get(LATER))


def _commit(connection: Connection) -> None:
    if connection.info.get(BEGINS) and not connection.info.get(WAITING):
        connection.info.pop(BEGINS)
        return
    connection.exec_driver_sql("COMMIT")


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
