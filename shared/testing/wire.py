"""What is sent to Postgres, as the driver gets it: also what goes past SQLAlchemy."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from psycopg2.extensions import cursor as Cursor
from sqlalchemy import Engine, event


@contextmanager
def sent_statements(*engines: Engine) -> Iterator[list[str]]:
    """The texts that connections of these engines send in the block, with their places still open."""
    texts: list[str] = []

    class NotingCursor(Cursor):
        def execute(self, query: Any, vars: Any = None) -> None:
            texts.append(str(query))
            super().execute(query, vars)

    def note(connection: Any, *_: Any) -> None:
        connection.cursor_factory = NotingCursor

    def forget(connection: Any, *_: Any) -> None:
        if connection is not None:
            connection.cursor_factory = Cursor

    listeners = [(engine, *pair) for engine in engines for pair in (("checkout", note), ("checkin", forget))]
    for listener in listeners:
        event.listen(*listener)
    try:
        yield texts
    finally:
        for listener in listeners:
            event.remove(*listener)
