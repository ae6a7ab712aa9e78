"""Money: opening a checkout, taking Stripe's webhooks in, and from the payment to the course.

Stripe is the simulator, so what it needs itself is measured apart and taken off.
"""

import hashlib
import hmac
import json
import time
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from ops.bench import school
from ops.bench.bare import administrator
from ops.bench.events import EventsBench
from ops.bench.ground import Ground
from ops.bench.pace import Pace
from ops.bench.report import Row
from ops.bench.request import Request
from ops.bench.steady import Steady, send_steadily
from ops.failure import OpsError

STEPS = 4
WEBHOOKS_PER_SECOND = 200
PURCHASES_PER_SECOND = 50
# Beyond all readers and writers: who buys has nothing yet.
FIRST_BUYER = 1_000_000
PATIENCE_SECONDS = 60
LATENCY = """
    SELECT extract(epoch FROM pg_xact_commit_timestamp(e.xmin) - s.received_at) * 1000
    FROM catalog.enrollments e
    JOIN billing.orders o ON o.user_id = e.user_id AND o.course_id = e.course_id
    JOIN billing.stripe_events s ON s.type = 'checkout.session.completed'
        AND convert_from(s.body, 'UTF8')::jsonb #>> '{data,object,id}' = o.session_id
    WHERE e.active AND e.user_id = ANY (%s::uuid[])
"""


def measure(ground: Ground, pace: Pace) -> list[Row]:
    """Checkout, intake, paid to enrolled."""
    seconds = max(2, pace.steady_seconds / 3)
    buyers = [school.id_of(FIRST_BUYER + n) for n in range(int(PURCHASES_PER_SECOND * seconds))]
    EventsBench(ground.database).sell(school.id_of(number) for number in range(1, school.COURSES + 1))
    rows = [_checkout(ground, pace, buyers)]
    rows += _paid_to_enrolled(ground, pace, buyers)
    return [*rows, _intake(ground, pace, seconds)]


def _checkout(ground: Ground, pace: Pace, buyers: list[UUID]) -> Row:
    tokens = ground.tokens(buyers)
    requests = []
    for number, buyer in enumerate(buyers):
        body = json.dumps({"course_id": str(school.id_of(1 + number % school.COURSES))})
        requests.append(Request("/api/v1/payments/checkouts", tokens[buyer], "POST", body))
    ours = _all_good(send_steadily(ground.gateway, requests, PURCHASES_PER_SECOND / 2))
    pace.step()
    stripe = _all_good(send_steadily(ground.state["stripe"], _sessions(ground, len(buyers)), PURCHASES_PER_SECOND / 2))
    pace.step()
    added = ours.percentile(0.5) - stripe.percentile(0.5)
    return Row.at_most("checkout, beyond Stripe's own time, p50", added, "ms", 15)


def _sessions(ground: Ground, count: int) -> list[Request]:
    """What billing asks of Stripe, by hand."""
    form = "&".join(
        [
            "mode=payment&success_url=https://academy.example/ok&cancel_url=https://academy.example/no",
            "line_items[0][price_data][currency]=usd&line_items[0][price_data][unit_amount]=4900",
            "line_items[0][price_data][product_data][name]=Course&line_items[0][quantity]=1",
        ]
    )
    headers = {
        "Authorization": f"Bearer {ground.secrets['stripe_api_key']}",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    return [Request("/v1/checkout/sessions", method="POST", body=form, headers=headers) for _ in range(count)]


def _paid_to_enrolled(ground: Ground, pace: Pace, buyers: list[UUID]) -> list[Row]:
    ids = [str(buyer) for buyer in buyers]
    with administrator(ground.database) as cursor:
        cursor.execute("SELECT session_id FROM billing.orders WHERE user_id = ANY (%s::uuid[])", (ids,))
        sessions = [session for (session,) in cursor.fetchall()]
        pay = [Request(f"/_simulator/sessions/{one}/pay", method="POST", body='{"method": "card"}') for one in sessions]
        _all_good(send_steadily(ground.state["stripe"], pay, PURCHASES_PER_SECOND))
        times = _wait_for(cursor, ids)
    pace.step()
    name = f"paid to enrolled at {PURCHASES_PER_SECOND} a second"
    return [
        Row.at_most(f"{name}, p50", times[len(times) // 2], "ms", 60),
        Row.at_most(f"{name}, p99", times[int(len(times) * 0.99)], "ms", 250),
    ]


def _wait_for(cursor: Any, buyers: list[str]) -> list[float]:
    """Milliseconds from the webhook's arrival to the committed enrollment, sorted, when all are there."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        cursor.execute(LATENCY, (buyers,))
        times = sorted(float(value) for (value,) in cursor.fetchall())
        if len(times) >= len(buyers):
            return times
        time.sleep(0.5)
    raise OpsError(f"{len(buyers) - len(times)} of {len(buyers)} who paid are not enrolled.")


def _intake(ground: Ground, pace: Pace, seconds: float) -> Row:
    requests = [_webhook(ground.secrets["stripe_webhook_secret"]) for _ in range(int(WEBHOOKS_PER_SECOND * seconds))]
    result = _all_good(send_steadily(ground.gateway, requests, WEBHOOKS_PER_SECOND))
    pace.step()
    return Row.at_most(f"webhooks stored at {WEBHOOKS_PER_SECOND} a second, p99", result.percentile(0.99), "ms", 50)


def _webhook(secret: str) -> Request:
    """An event of a payment that is not ours, signed as Stripe signs (https://docs.stripe.com/webhooks#verify-manually)."""
    now = int(time.time())
    event = {
        "id": f"evt_{uuid7().hex}",
        "object": "event",
        "api_version": "2026-10-28.endive",
        "created": now,
        "livemode": False,
        "type": "customer.updated",
        "data": {"object": {"id": "cus_bench", "object": "customer", "description": "x" * 1500}},
    }
    body = json.dumps(event)
    digest = hmac.new(secret.encode(), f"{now}.{body}".encode(), hashlib.sha256).hexdigest()
    path = "/api/v1/payments/webhooks/stripe"
    return Request(path, method="POST", body=body, headers={"Stripe-Signature": f"t={now},v1={digest}"})


def _all_good(result: Steady) -> Steady:
    if result.errors:
        raise OpsError(f"Not all were answered well: {result.failures}")
    return result
