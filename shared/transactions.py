"""Transactions in two round trips less: BEGIN travels with the first statement, the hint to the worker with COMMIT.

psycopg2 sends BEGIN and COMMIT as commands of their own. Here its connections are in autocommit, and the words are
ours: a write with its event costs three round trips, not five.
"""

from typing import Any

from psycopg2.extensions import TRANSACTION_STATUS_IDLE
from sqlalchemy import Connection, Engine, event

# Both live in `Connection.info`: a transaction whose first statement is still to come, and what COMMIT takes along.
BEGINS, HINT = "transaction_begins", "hint_with_commit"
COMMIT_AND_NOTIFY = (
    "COMMIT; BEGIN; SET LOCAL synchronous_commit TO off; SELECT pg_notify(%(channel)s, %(payload)s); COMMIT"
)


def shorten_transactions(engine: Engine) -> None:
    """For an engine in autocommit: its transactions are begun and ended here."""
    event.listen(engine, "begin", _begin)
    event.listen(engine, "before_cursor_execute", _with_begin, retval=True)
    event.listen(engine, "commit", _commit)
    event.listen(engine, "rollback", _roll_back)
    event.listen(engine, "reset", _reset)


def notify_with_commit(connection: Connection, channel: str, payload: str) -> None:
    """Sends a notification right behind this transaction's COMMIT, in a transaction of its own; not when that fails. It
    may be lost when Postgres dies in that moment: its own commit waits for no disk."""
    connection.info[HINT] = {"channel": channel, "payload": payload}


def _begin(connection: Connection) -> None:
    connection.info[BEGINS] = True


def _with_begin(
    connection: Connection, cursor: Any, statement: str, parameters: Any, _context: Any, many: bool
) -> tuple[str, Any]:
    if connection.info.pop(BEGINS, False):
        if many:
            # psycopg2 sends such a statement once for each row.
            cursor.execute("BEGIN")
        else:
            statement = f"BEGIN;{statement}"
    return statement, parameters


def _commit(connection: Connection) -> None:
    hint = connection.info.pop(HINT, None)
    if not connection.info.pop(BEGINS, False):
        connection.exec_driver_sql(COMMIT_AND_NOTIFY if hint else "COMMIT", hint)


def _roll_back(connection: Connection) -> None:
    if not connection.closed and not connection.invalidated:
        _reset(connection.connection.dbapi_connection, connection, None)


def _reset(dbapi_connection: Any, holder: Any, _state: Any) -> None:
    """Ends what was begun; also when a connection comes back to the pool from somebody who forgot to."""
    holder.info.pop(BEGINS, None)
    holder.info.pop(HINT, None)
    if not dbapi_connection.closed and dbapi_connection.info.transaction_status != TRANSACTION_STATUS_IDLE:
        with dbapi_connection.cursor() as cursor:
            cursor.execute("ROLLBACK")
