"""Sessions that run hot statements past SQLAlchemy's compiler and ORM, which take longer than most of them.

A hot statement is a constant: what it is in SQL, and what its values and columns need, is looked up once. One that
needs the ORM (entities, Python's own defaults) goes the usual way.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Self

from sqlalchemy import Connection, Dialect, Engine, Executable, TextClause, TextualSelect, UpdateBase
from sqlalchemy.dialects.postgresql import psycopg2
from sqlalchemy.orm import Session

from shared.bare_connection import BareConnection, Values
from shared.prepared import HOT, MOST, prepare
from shared.transactions import LATER

DIALECT: Dialect = psycopg2.dialect()  # type: ignore[no-untyped-call]


@dataclass(frozen=True)
class Lean:
    """A hot statement in its final form; `encoders` are for values that psycopg2 cannot send as they are."""

    sql: str
    constants: Values
    encoders: Mapping[str, Callable[[Any], Any]]
    later: bool

    def run(self, connection: BareConnection, values: Values | None) -> Any:
        """Its result; none when it is sent later."""
        bound = {**self.constants, **(values or {})}
        for name, encode in self.encoders.items():
            bound[name] = encode(bound[name])
        sql = prepare(connection.info, self.sql, connection.send)
        return connection.send_later(sql, bound) if self.later else connection.send(sql, bound)


class LeanSession:
    """A session as SQLAlchemy's, but for the way of its hot statements: they go to the bare connection. For all else
    there is an ORM session, made when it is first asked for, in the same transaction.

    A context: what was begun is committed when the block ends well, else rolled back; `committed` is called with
    `info` behind the commit.
    """

    def __init__(
        self, engine: Engine, begins: bool = False, committed: Callable[[dict[str, Any]], None] | None = None
    ) -> None:
        self.info: dict[str, Any] = {}
        self._engine = engine
        self._begins = begins
        self._committed = committed
        self._connection: BareConnection | None = None
        self._orm: Session | None = None

    def execute(self, statement: Any, params: Any = None, **options: Any) -> Any:
        """As Session.execute."""
        lean = None if options else _find(statement, params)
        if lean is None:
            return self._session().execute(statement, params, **options)
        if self._orm and self._orm.autoflush:
            self._orm.flush()
        return lean.run(self._bare(), params)

    def scalar(self, statement: Any, params: Any = None, **options: Any) -> Any:
        """As Session.scalar."""
        if options or _find(statement, params) is None:
            return self._session().scalar(statement, params, **options)
        return self.execute(statement, params).scalar()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session(), name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        try:
            if error is None and self._begins:
                self._commit()
        finally:
            self._close()
        if error is None and self._committed:
            self._committed(self.info)

    def _bare(self) -> BareConnection:
        if self._connection is None:
            self._connection = BareConnection(self._engine)
            if self._begins:
                self._connection.begin()
        return self._connection

    def _session(self) -> Session:
        if self._orm is None:
            connection = Connection(self._engine, self._bare().held)
            self._orm = Session(connection, autoflush=self._begins, expire_on_commit=False)
            # It commits only what it has joined.
            self._orm.connection()
        return self._orm

    def _commit(self) -> None:
        if self._orm:
            self._orm.commit()
        elif self._connection:
            self._connection.commit()

    def _close(self) -> None:
        if self._orm:
            self._orm.close()
        if self._connection:
            self._connection.close()


def execute(connection: Connection, statement: Any, values: Values) -> Any:
    """The statement's result on a connection without a session."""
    lean = _find(statement, values)
    if lean is None:
        return connection.execute(statement, values)
    return lean.run(BareConnection(connection.engine, connection.connection), values)


def _find(statement: Executable, values: Any) -> Lean | None:
    if not statement.get_execution_options().get(HOT) or not isinstance(values, dict | None):
        return None
    return _lean(statement, frozenset(values or ()))


@lru_cache(MOST)
def _lean(statement: Any, names: frozenset[str]) -> Lean | None:
    # The columns of an INSERT are those of its values.
    named = sorted(names) if isinstance(statement, UpdateBase) else None
    compiled = statement.compile(dialect=DIALECT, column_keys=named)
    if compiled.prefetch or not _returns_plain_columns(statement):
        return None
    encoders = {name: bind.type.dialect_impl(DIALECT).bind_processor(DIALECT) for name, bind in compiled.binds.items()}
    return Lean(
        sql=str(compiled),
        constants=compiled.params,
        encoders={name: encode for name, encode in encoders.items() if encode},
        later=bool(statement.get_execution_options().get(LATER)),
    )


def _returns_plain_columns(statement: Any) -> bool:
    """False when rows hold entities, or values that are not as psycopg2 gives them."""
    if isinstance(statement, TextClause):
        return True
    columns = statement.exported_columns
    if not isinstance(statement, TextualSelect):
        of_change = isinstance(statement, UpdateBase)
        described = statement.returning_column_descriptions if of_change else statement.column_descriptions
        if len(described) != len(columns) or any(one["expr"] is one.get("entity") for one in described):
            return False
    return not any(column.type.dialect_impl(DIALECT).result_processor(DIALECT, None) for column in columns)
