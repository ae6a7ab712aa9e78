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

    def use(factory: type[Cursor]) -> Any:
        def at_checkout(connection: Any, *_: Any) -> None:
            connection.cursor_factory = factory

        return at_checkout

    noting = use(NotingCursor)
    for engine in engines:
        event.listen(engine, "checkout", noting)
    try:
        yield texts
    finally:
        for engine in engines:
            event.remove(engine, "checkout", noting)
            event.listen(engine, "checkout", use(Cursor))
