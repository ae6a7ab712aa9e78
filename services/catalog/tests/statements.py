"""Counting what a request or an event asks of the database."""

from collections.abc import Iterator
from contextlib import contextmanager

from shared.testing import Harness
from shared.testing.wire import sent_statements


@contextmanager
def counted_statements(catalog: Harness) -> Iterator[list[str]]:
    """What requests and events send to Postgres in the block, without their commits and hints."""
    served, handled = catalog.app.state.database, catalog.database
    counted: list[str] = []
    with sent_statements(served.engine, served.autocommit_engine, handled.engine) as sent:
        yield counted
    # A connection prepares a statement once; a commit is the end of what was asked.
    counted += [text for text in sent if not any(word in text for word in ("COMMIT", "PREPARE ", "ROLLBACK"))]
