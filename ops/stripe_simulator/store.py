"""Everything the simulator remembers: one SQLite file, or a private temporary one that SQLite deletes itself."""

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ops.stripe_simulator.errors import ObjectMissing
from ops.stripe_simulator.parameters import Body

_TABLES = """
CREATE TABLE IF NOT EXISTS objects (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, created INTEGER NOT NULL, body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS objects_by_kind ON objects (kind, seq);
CREATE INDEX IF NOT EXISTS objects_by_intent ON objects (kind, json_extract(body, '$.payment_intent'));
CREATE INDEX IF NOT EXISTS objects_by_status
    ON objects (kind, json_extract(body, '$.status'), json_extract(body, '$.expires_at'));
CREATE TABLE IF NOT EXISTS replies (
    key TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, request_id TEXT NOT NULL,
    status INTEGER NOT NULL, body TEXT NOT NULL, created REAL NOT NULL);
CREATE TABLE IF NOT EXISTS deliveries (
    id INTEGER PRIMARY KEY, event TEXT NOT NULL, state TEXT NOT NULL, attempts INTEGER NOT NULL, due_at REAL NOT NULL);
CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (due_at) WHERE state = 'pending';
CREATE TABLE IF NOT EXISTS attempts (
    id INTEGER PRIMARY KEY, event TEXT NOT NULL, type TEXT NOT NULL, status INTEGER, error TEXT,
    started_at REAL NOT NULL, milliseconds REAL NOT NULL);
CREATE INDEX IF NOT EXISTS attempts_by_event ON attempts (event);
"""


class Store:
    """JSON bodies by id. One thread uses it; nothing awaits inside a transaction, so none can interleave."""

    def __init__(self, path: Path | None) -> None:
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        # An empty name is a temporary file that spills from cache to disk: bounded memory without a setting.
        self._db = sqlite3.connect(str(path or ""), isolation_level=None, check_same_thread=False)
        self._db.row_factory = sqlite3.Row
        # OFF survives a killed process; only a power cut could lose the tail, and this holds no real money.
        self._db.executescript(f"PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; {_TABLES}")
        self.on_commit: Callable[[], None] = lambda: None

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; afterwards whoever waits for new work is woken."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")
        self.on_commit()

    def rows(self, query: str, values: Sequence[Any] = ()) -> list[sqlite3.Row]:
        """All rows of a query or a statement with RETURNING."""
        return self._db.execute(query, values).fetchall()

    def save(self, body: Body) -> None:
        """Adds or replaces an API object; its id, object and created members are the key."""
        self.put(body["id"], body["object"], body["created"], body)

    def put(self, identifier: str, kind: str, created: int, body: Body) -> None:
        """Adds or replaces a body under a key of the caller's choice."""
        self._db.execute(
            "INSERT INTO objects (id, kind, created, body) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (id) DO UPDATE SET body = excluded.body",
            (identifier, kind, created, json.dumps(body, separators=(",", ":"))),
        )

    def find(self, kind: str, identifier: str) -> Body | None:
        """Returns a fresh copy, or None."""
        found = self.rows("SELECT body FROM objects WHERE id = ? AND kind = ?", (identifier, kind))
        return json.loads(found[0]["body"]) if found else None

    def get(self, kind: str, identifier: str, param: str = "id") -> Body:
        """Returns a fresh copy; raises ObjectMissing naming the parameter it came from."""
        body = self.find(kind, identifier)
        if body is None:
            raise ObjectMissing(kind, identifier, param)
        return body

    def wipe(self) -> None:
        """Forgets everything; call it inside a transaction."""
        for table in ("objects", "replies", "deliveries", "attempts"):
            self._db.execute(f"DELETE FROM {table}")

    def close(self) -> None:
        """Closes the file."""
        self._db.close()
