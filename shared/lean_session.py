"""Sessions that run hot statements past SQLAlchemy's compiler and ORM, which take longer than most of them.

A hot statement is a constant: what it is in SQL, and what its values and columns need, is looked up once. One that
needs the ORM (entities, Python's own defaults) goes the usual way.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Dialect, Executable, TextClause, TextualSelect, UpdateBase
from sqlalchemy.dialects.postgresql import psycopg2
from sqlalchemy.orm import Session

from shared.prepared import HOT, MOST, prepare
from shared.transactions import LATER, send_later

DIALECT: Dialect = psycopg2.dialect()  # type: ignore[no-untyped-call]

Values = Mapping[str, Any]


@dataclass(frozen=True)
class Lean:
    """A hot statement in its final form; `encoders` are for values that psycopg2 cannot send as they are."""

    sql: str
    constants: Values
    encoders: Mapping[str, Callable[[Any], Any]]
    later: bool

    def run(self, connection: Connection, values: Values | None) -> Any:
        """Its result; none when it is sent later."""
        bound = {**self.constants, **(values or {})}
        bound |= {name: encode(bound[name]) for name, encode in self.encoders.items()}
        sql = prepare(connection, self.sql)
        return send_later(connection, sql, bound) if self.later else connection.exec_driver_sql(sql, bound)


class LeanSession(Session):
    """An ORM session as any other, but for the way of its hot statements."""

    def execute(self, statement: Any, params: Any = None, **options: Any) -> Any:
        """As Session.execute."""
        lean = None if options else _find(statement, params)
        if lean is None:
            return super().execute(statement, params, **options)
        if self.autoflush:
            self.flush()
        return lean.run(self.connection(), params)

    def scalar(self, statement: Any, params: Any = None, **options: Any) -> Any:
        """As Session.scalar."""
        if options or _find(statement, params) is None:
            return super().scalar(statement, params, **options)
        return self.execute(statement, params).scalar()


def execute(connection: Connection, statement: Any, values: Values) -> Any:
    """The statement's result on a connection without a session."""
    lean = _find(statement, values)
    return lean.run(connection, values) if lean else connection.execute(statement, values)


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
