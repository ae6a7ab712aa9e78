"""A connection of a pool as the driver has it, for statements that are text already.

SQLAlchemy's own Connection makes an execution context, looks for listeners and wraps the cursor each time, which takes
longer than sending. Results and errors are the same as its.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import psycopg2
from sqlalchemy import Engine, IteratorResult
from sqlalchemy.engine.result import SimpleResultMetaData
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import PoolProxiedConnection

from shared import transactions

Values = Mapping[str, Any]


class BareConnection:
    """One connection of the engine's pool: a fresh one, or `held`."""

    def __init__(self, engine: Engine, held: PoolProxiedConnection | None = None) -> None:
        self._engine = engine
        self.held = held or _check_out(engine)

    @property
    def info(self) -> dict[Any, Any]:
        """As SQLAlchemy's Connection.info: lives as long as the connection."""
        return self.held.info

    def send(self, sql: str, values: Values | None = None) -> IteratorResult[Any]:
        """The statement's rows, behind what waits for it (shared/transactions.py). Raises DBAPIError."""
        cursor = self._driver().cursor()
        try:
            cursor.execute(transactions.with_what_waits(self.info, sql), values or {})
            described = cursor.description
            rows = cursor.fetchall() if described else []
        except psycopg2.Error as error:
            raise _told(self._engine, error, self._note_loss(error), sql) from error
        cursor.close()
        names = tuple([column[0] for column in described]) if described else ()
        return IteratorResult(_columns(names), iter(rows))

    def send_later(self, sql: str, values: Values) -> None:
        """Sends the statement with the next one, or with COMMIT."""
        transactions.wait(self.info, self._driver().cursor(), sql, values)

    def begin(self) -> None:
        """BEGIN travels with the first statement."""
        transactions.begin(self.info)

    def commit(self) -> None:
        """Nothing is sent when nothing was asked."""
        if transactions.has_begun(self.info):
            self.send("COMMIT")

    def close(self) -> None:
        """Back to the pool, which rolls back what is not committed."""
        if self.held.is_valid:
            self.held.close()

    def _driver(self) -> Any:
        if not self.held.is_valid:
            raise _told(self._engine, psycopg2.InterfaceError("the connection was lost"), lost=True)
        return self.held.dbapi_connection

    def _note_loss(self, error: psycopg2.Error) -> bool:
        """Whether the connection is lost; then the whole pool's are taken for lost too, as SQLAlchemy does."""
        dialect: Any = self._engine.dialect
        lost: bool = dialect.is_disconnect(error, self._driver(), None)
        if lost:
            self._engine.pool._invalidate(self.held, error)
        return lost


def _check_out(engine: Engine) -> PoolProxiedConnection:
    try:
        return engine.raw_connection()
    except psycopg2.Error as error:
        raise _told(engine, error, lost=True) from error


def _told(engine: Engine, error: psycopg2.Error, lost: bool, sql: str | None = None) -> BaseException:
    """The error in SQLAlchemy's words."""
    return DBAPIError.instance(sql, None, error, psycopg2.Error, True, lost, engine.dialect)


@lru_cache(1000)
def _columns(names: tuple[str, ...]) -> SimpleResultMetaData:
    return SimpleResultMetaData(names)
