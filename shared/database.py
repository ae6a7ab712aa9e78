"""One engine per process, one transaction per request or message, committed before the answer leaves."""

import time
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, asynccontextmanager
from datetime import datetime
from typing import Annotated, Any, cast

import psycopg2
from anyio import CapacityLimiter, to_thread
from fastapi import Depends, Request
from sqlalchemy import URL, DateTime, Engine, MetaData, Row, create_engine, event
from sqlalchemy.exc import DBAPIError, DisconnectionError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from shared.hints import Hints
from shared.lean_session import LeanSession
from shared.prepared import prepare_hot_statements
from shared.transactions import shorten_transactions

NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
# A statement that runs longer, or waits longer for a lock, is a defect that must not hold the pool (milliseconds).
# Shorter than the client's own patience (shared/deadlines.py).
SERVER_OPTIONS = (
    "-c timezone=UTC -c statement_timeout=4000 -c lock_timeout=3000 -c idle_in_transaction_session_timeout=15000"
)
# A pooled connection unused for this long is asked whether it still lives before its next use (seconds).
PING_AFTER_SECONDS = 3.0

# Python types of mapped columns whose SQLAlchemy default is not what the house wants.
COLUMN_TYPES = {datetime: DateTime(timezone=True)}


def new_metadata() -> MetaData:
    """A MetaData with the house's constraint names.

    Each service's models begin with `class Base(DeclarativeBase)` with `metadata = new_metadata()` and
    `type_annotation_map = COLUMN_TYPES`.
    """
    return MetaData(naming_convention=NAMING_CONVENTION)


class Database:
    """The connections of one service. Tables carry no schema: the role's search_path decides.

    Some are for transactions (shared/transactions.py), others for single statements, each a transaction by itself.
    """

    def __init__(self, url: URL, service: str, pool_size: int = 20) -> None:
        self.service = service
        # Each may grow to the whole size, because all requests of a moment may be of one kind; at work at once are no
        # more than shared/admission.py lets in.
        self.engine = connect_engine(url, service, pool_size)
        shorten_transactions(self.engine)
        self.autocommit_engine = connect_engine(url, service, pool_size)
        self._hints = Hints(self.autocommit_engine, service)

    def begin(self) -> AbstractContextManager[Session]:
        """A session in a transaction: committed when the block ends well, rolled back when it raises. Behind a commit
        that wrote an event the worker gets a hint (shared/hints.py)."""
        return cast("AbstractContextManager[Session]", LeanSession(self.engine, True, self._hints.take))

    def read(self) -> AbstractContextManager[Session]:
        """A session for reading: each statement by itself, in autocommit. Nothing can be written here for good."""
        return cast("AbstractContextManager[Session]", LeanSession(self.autocommit_engine))

    def ask(self, statement: Any, **values: Any) -> Any:
        """The first column of the first row of one statement; see `do`."""
        row = self.do(statement, **values)
        return row[0] if row else None

    def do(self, statement: Any, **values: Any) -> Row[Any] | None:
        """The first row of one statement that is a transaction by itself: a single round trip."""
        with self.read() as session:
            return session.execute(statement, values).first()

    def close(self) -> None:
        """Closes every connection."""
        self._hints.close()
        self.engine.dispose()
        self.autocommit_engine.dispose()


def connect_engine(url: URL, application: str, pool_size: int = 20) -> Engine:
    """An engine with the house's time limits; `application` shows in pg_stat_activity."""
    engine = create_engine(
        url,
        isolation_level="AUTOCOMMIT",
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=3,
        # Values of a failing statement (password hashes, addresses) stay out of the logs.
        hide_parameters=True,
        connect_args={
            "application_name": application,
            "connect_timeout": 3,
            "keepalives_idle": 30,
            "keepalives_interval": 10,
            "keepalives_count": 3,
            "tcp_user_timeout": 15000,
            "options": SERVER_OPTIONS,
        },
    )
    prepare_hot_statements(engine)
    event.listen(engine, "checkin", _note_use)
    event.listen(engine, "checkout", _ping_after_rest)
    return engine


def _note_use(_connection: Any, record: Any) -> None:
    record.info["used_at"] = time.monotonic()


def _ping_after_rest(connection: Any, record: Any, _proxy: Any) -> None:
    """Asks a connection that has rested whether it still lives. Asking every time would cost each request a round trip;
    one that died within these seconds fails one statement, is answered 503, and takes the whole pool's dead with it."""
    if time.monotonic() - record.info.get("used_at", time.monotonic()) < PING_AFTER_SECONDS:
        return
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except psycopg2.Error as error:
        # SQLAlchemy takes this as: throw the pool's connections away and check out a fresh one.
        raise DisconnectionError from error


async def get_session(request: Request) -> AsyncIterator[Session]:
    """The request's transaction; 2xx leaves only after the commit (see SessionDep)."""
    database: Database = request.app.state.database
    async with _ended_in_a_thread(database.begin()) as session:
        yield session


async def get_read_session(request: Request) -> AsyncIterator[Session]:
    """For routes that only read."""
    database: Database = request.app.state.database
    # Closing sends nothing: there is no transaction to end.
    with database.read() as session:
        yield session


@asynccontextmanager
async def _ended_in_a_thread(transaction: AbstractContextManager[Session]) -> AsyncIterator[Session]:
    """Begins here, where it costs nothing, since a session connects with its first statement; commits in a thread."""
    session = transaction.__enter__()
    # A limit of its own: with the threads of the routes taken by those who wait for a connection, nobody could give
    # one back.
    limiter = CapacityLimiter(1)
    try:
        yield session
    except BaseException as error:
        if not await to_thread.run_sync(transaction.__exit__, type(error), error, error.__traceback__, limiter=limiter):
            raise
    else:
        await to_thread.run_sync(transaction.__exit__, None, None, None, limiter=limiter)


# scope="function": the commit happens before the answer is sent. With the default scope it would happen after, and a
# failed commit would be answered 200.
SessionDep = Annotated[Session, Depends(get_session, scope="function")]
ReadDep = Annotated[Session, Depends(get_read_session, scope="function")]


def is_outage(error: BaseException) -> bool:
    """True when the database could not be reached or went away, as opposed to refusing a statement.

    A refused statement has an SQLSTATE; 08, 53 and 57 are connection, resources and operator intervention
    (https://www.postgresql.org/docs/current/errcodes-appendix.html), except 57014, a statement that took too long.
    """
    if isinstance(error, PoolTimeout):
        return True
    if not isinstance(error, DBAPIError) or not isinstance(error, (OperationalError, InterfaceError)):
        return False
    state = getattr(error.orig, "pgcode", None)
    return state is None or (state[:2] in {"08", "53", "57"} and state != "57014")
