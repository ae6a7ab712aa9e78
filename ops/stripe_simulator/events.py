"""Events: recorded with the change that causes them, listed like Stripe's, handed to delivery."""

import time
from typing import Any

from ops.stripe_simulator.account import Account
from ops.stripe_simulator.identifiers import new_id, now
from ops.stripe_simulator.listing import Condition, list_objects
from ops.stripe_simulator.parameters import Body, refuse_unknown
from ops.stripe_simulator.settings import API_VERSION


def record_event(account: Account, kind: str, subject: Body, previous: Body | None = None) -> Body:
    """Saves the event and its deliveries; they leave right after the surrounding transaction commits."""
    listened = account.settings.sends(kind)
    data: Body = {"object": subject}
    if previous is not None:
        data["previous_attributes"] = previous
    event: Body = {
        "id": new_id("evt"),
        "object": "event",
        "api_version": API_VERSION,
        "created": now(),
        "data": data,
        "livemode": False,
        "pending_webhooks": int(listened),
        "request": {"id": account.request_id, "idempotency_key": account.idempotency_key},
        "type": kind,
    }
    account.store.save(event)
    if listened:
        _enqueue(account, event["id"])
    return event


def _enqueue(account: Account, event_id: str) -> None:
    policy = account.controls.webhooks
    for _ in range(policy.copies):
        state = "dropped" if policy.lost() else "pending"
        account.store.rows(
            "INSERT INTO deliveries (event, state, attempts, due_at) VALUES (?, ?, 0, ?)",
            (event_id, state, time.time() + policy.wait()),
        )


def get_event(account: Account, event_id: str) -> Body:
    """Returns the event as it was recorded; raises ObjectMissing."""
    return account.store.get("event", event_id)


def list_events(account: Account, params: Body) -> Body:
    """Returns a page, newest first; filters type, types, created, delivery_success."""
    refuse_unknown(params, {"type", "types", "created", "delivery_success", "limit", "starting_after", "ending_before"})
    return list_objects(account.store, "event", params, "/v1/events", _conditions(params))


def _conditions(params: Body) -> list[Condition]:
    conditions: list[Condition] = []
    wanted: Any = params.get("types") or params.get("type")
    if wanted:
        kinds = [wanted] if isinstance(wanted, str) else list(wanted)
        # charge.* is Stripe's wildcard; GLOB reads it the same way.
        tests = " OR ".join("json_extract(body, '$.type') GLOB ?" for _ in kinds)
        conditions.append((f"({tests})", kinds))
    if "delivery_success" in params:
        sign = "=" if params["delivery_success"] == "true" else ">"
        conditions.append((f"json_extract(body, '$.pending_webhooks') {sign} 0", []))
    return conditions
