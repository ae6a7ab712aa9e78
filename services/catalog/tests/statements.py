"""Counting what a request or an event asks of the database."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import current_thread
from typing import Any

from sqlalchemy import event

from shared.testing import Harness
from shared.transactions import LATER


@contextmanager
def counted_statements(catalog: Harness) -> Iterator[list[str]]:
    """What requests and events send to Postgres in the block, without their commits and what travels with them."""
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, _parameters: Any, context: Any, _many: bool) -> None:
        # A connection prepares a statement once; a commit is the end of what was asked.
        aside = "COMMIT" in statement or "PREPARE " in statement or current_thread().name == "hints"
        if not aside and LATER not in context.execution_options:
            statements.append(statement)

    served, handled = catalog.app.state.database, catalog.database
    engines = (served.engine, served.autocommit_engine, handled.engine)
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", note)
