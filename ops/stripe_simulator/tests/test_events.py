"""The events list, as reconciliation reads it."""

import time

import pytest
import stripe

from ops.stripe_simulator.tests.harness import RunningSimulator, headers_of, order_params, wait_until


def paid_orders(simulator: RunningSimulator, number: int) -> list[str]:
    client = simulator.client()
    made = [client.v1.checkout.sessions.create(order_params()).id for _ in range(number)]
    for session in made:
        simulator.pay(session)
    return made


def test_auto_paging_walks_every_event_once_newest_first(
    client: stripe.StripeClient, simulator: RunningSimulator
) -> None:
    made = paid_orders(simulator, 5)
    page = client.v1.events.list({"limit": 2})
    events = list(page.auto_paging_iter())
    assert page.has_more
    assert len({event.id for event in events}) == len(events) == 15
    completed = [event.data.object["id"] for event in events if event.type == "checkout.session.completed"]
    assert completed == made[::-1]


def test_paging_backwards_ends_at_the_newest(client: stripe.StripeClient, simulator: RunningSimulator) -> None:
    paid_orders(simulator, 2)
    everything = [event.id for event in client.v1.events.list({"limit": 100}).data]
    page = client.v1.events.list({"limit": 2, "ending_before": everything[-1]})
    assert [event.id for event in page.data] == everything[-3:-1]
    # The SDK walks a backwards page in reverse, oldest first.
    assert [event.id for event in page.auto_paging_iter()] == everything[-2::-1]


def test_filters_by_type_types_and_created(client: stripe.StripeClient, simulator: RunningSimulator) -> None:
    paid_orders(simulator, 2)
    wanted = ["charge.succeeded", "payment_intent.succeeded"]
    assert {event.type for event in client.v1.events.list({"types": wanted}).data} == set(wanted)
    assert len(client.v1.events.list({"type": "charge.*"}).data) == 2
    now = int(time.time())
    assert len(client.v1.events.list({"created": {"gte": now - 60, "lt": now + 60}}).data) == 6
    assert client.v1.events.list({"created": {"gt": now + 60}}).data == []


def test_undelivered_events_are_found_by_delivery_success(
    client: stripe.StripeClient, simulator: RunningSimulator
) -> None:
    simulator.control("PUT", "/controls/webhooks", {"drop": 1})
    (session,) = paid_orders(simulator, 1)
    assert len(client.v1.events.list({"delivery_success": False}).data) == 3
    assert client.v1.events.list({"delivery_success": True}).data == []
    simulator.control("PUT", "/controls/webhooks", {})
    assert simulator.control("POST", "/deliveries/requeue") == {"requeued": 3}
    wait_until(lambda: len(client.v1.events.list({"delivery_success": True}).data) == 3)
    completed = client.v1.events.list({"type": "checkout.session.completed"}).data[0]
    assert completed.data.object["id"] == session
    assert client.v1.events.retrieve(completed.id).pending_webhooks == 0


def test_event_names_the_request_that_caused_it(client: stripe.StripeClient) -> None:
    session = client.v1.checkout.sessions.create(order_params())
    expired = client.v1.checkout.sessions.expire(session.id, {}, {"idempotency_key": "expire-1"})
    event = client.v1.events.list().data[0]
    assert event.request is not None
    assert event.request.id == headers_of(expired)["Request-Id"]
    assert event.request.idempotency_key == "expire-1"


def test_bad_limit_and_unknown_cursor_are_refused(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="limit"):
        client.v1.events.list({"limit": 101})
    with pytest.raises(stripe.InvalidRequestError, match="No such event"):
        client.v1.events.list({"starting_after": "evt_unknown"})
