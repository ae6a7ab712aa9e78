"""Idempotency-Key with Stripe's semantics (https://docs.stripe.com/api/idempotent_requests)."""

import hashlib
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ops.stripe_simulator.errors import KeyInUse, KeyReused, ParameterInvalid
from ops.stripe_simulator.parameters import Body
from ops.stripe_simulator.store import Store

_KEPT = 24 * 60 * 60
_LONGEST = 255


@dataclass(frozen=True)
class Reply:
    """An answer as it went out the first time; `request_id` is that of the request that earned it."""

    status: int
    body: str
    request_id: str


def fingerprint(method: str, path: str, params: Body) -> str:
    """Returns the endpoint and a digest of the parameters, whatever their order."""
    canonical = json.dumps(params, sort_keys=True).encode()
    return f"{method} {path} {hashlib.sha256(canonical).hexdigest()}"


class IdempotencyKeys:
    """Stored replies, and the keys whose first request has not been answered yet."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._in_flight: set[str] = set()
        store.rows("DELETE FROM replies WHERE created < ? RETURNING key", (time.time() - _KEPT,))

    @contextmanager
    def claimed(self, key: str | None) -> Iterator[None]:
        """Holds the key for one request; raises KeyInUse while another holds it."""
        if key is None:
            yield
            return
        if len(key) > _LONGEST:
            raise ParameterInvalid(f"Idempotency keys are up to {_LONGEST} characters long.")
        if key in self._in_flight:
            raise KeyInUse(
                "There is currently another in-progress request using this Idempotent Key (that probably means you"
                " submitted twice, and the other request is still going through): "
                f"{key}. Please try again later."
            )
        self._in_flight.add(key)
        try:
            yield
        finally:
            self._in_flight.discard(key)

    def find_reply(self, key: str | None, print_: str) -> Reply | None:
        """Returns the first answer under this key; raises KeyReused when it was to another request."""
        found = self._store.rows("SELECT * FROM replies WHERE key = ? AND created > ?", (key, time.time() - _KEPT))
        if not found:
            return None
        row = found[0]
        if row["fingerprint"] != print_:
            here, there = (value.split(" ")[1] for value in (print_, row["fingerprint"]))
            subject = f"for the same endpoint they were first used for ('{here}' vs '{there}')"
            if here == there:
                subject = "with the same parameters they were first used with"
            raise KeyReused(
                f"Keys for idempotent requests can only be used {subject}. Try using a key other than '{key}'"
                " if you meant to execute a different request."
            )
        return Reply(row["status"], row["body"], row["request_id"])

    def save_reply(self, key: str | None, print_: str, reply: Reply) -> None:
        """Keeps the answer; call it in the transaction of the effect it reports."""
        if key is not None:
            self._store.rows(
                "INSERT OR REPLACE INTO replies (key, fingerprint, request_id, status, body, created)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (key, print_, reply.request_id, reply.status, reply.body, time.time()),
            )
