"""The delivery log, and second chances for events that never arrived."""

import time
from typing import Any

from ops.stripe_simulator.account import Account
from ops.stripe_simulator.parameters import Body


def list_attempts(account: Account, event_id: str | None, limit: int) -> list[Body]:
    """Returns the newest attempts first, of one event or of all."""
    found = account.store.rows(
        "SELECT event, type, status, error, started_at, milliseconds FROM attempts"
        " WHERE ?1 IS NULL OR event = ?1 ORDER BY id DESC LIMIT ?2",
        (event_id, limit),
    )
    return [dict(row) for row in found]


def count_deliveries(account: Account) -> dict[str, int]:
    """Returns how many deliveries are pending, delivered, dropped and failed."""
    states = dict.fromkeys(("pending", "delivered", "dropped", "failed"), 0)
    found = account.store.rows("SELECT state, count(*) AS number FROM deliveries GROUP BY state")
    return states | {row["state"]: row["number"] for row in found}


def requeue_lost(account: Account) -> int:
    """Makes every dropped or given-up delivery due now; returns how many."""
    with account.store.transaction():
        values: tuple[Any, ...] = (time.time(),)
        lost = account.store.rows(
            "UPDATE deliveries SET state = 'pending', attempts = 0, due_at = ?"
            " WHERE state IN ('dropped', 'failed') RETURNING id",
            values,
        )
    return len(lost)
