"""Counting what a request asks of the database."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from shared.testing import Harness


@contextmanager
def counted_statements(catalog: Harness) -> Iterator[list[str]]:
    """The SQL statements of the api while the block runs."""
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not statement.startswith("COMMIT"):
            statements.append(statement)

    database = catalog.app.state.database
    for engine in (database.engine, database.autocommit_engine):
        event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        for engine in (database.engine, database.autocommit_engine):
            event.remove(engine, "before_cursor_execute", note)
