"""Webhooks arrive signed, again and again until they are taken, and as badly as a test wants."""

import time
from pathlib import Path

import pytest
import stripe

from ops.stripe_simulator.tests.harness import (
    SECRET,
    Receiver,
    RunningSimulator,
    order_params,
    running_simulator,
    wait_until,
)

PAID = ["charge.succeeded", "checkout.session.completed", "payment_intent.succeeded"]


def pay_new_session(simulator: RunningSimulator) -> str:
    session = simulator.client().v1.checkout.sessions.create(order_params())
    simulator.pay(session.id)
    return session.id


def test_payment_is_told_in_events_the_sdk_verifies(simulator: RunningSimulator, receiver: Receiver) -> None:
    session = pay_new_session(simulator)
    wait_until(lambda: sorted(receiver.kinds()) == PAID)
    completed = next(event for event in receiver.events() if event.type == "checkout.session.completed")
    assert completed.data.object["id"] == session
    assert completed.data.object["payment_status"] == "paid"
    assert completed.livemode is False


def test_signature_does_not_fit_another_secret_or_body(simulator: RunningSimulator, receiver: Receiver) -> None:
    pay_new_session(simulator)
    body, header, _ = wait_until(lambda: list(receiver.deliveries))[0]
    for payload, secret in ((body, "whsec_other"), (body + b" ", SECRET)):
        with pytest.raises(stripe.SignatureVerificationError):
            stripe.Webhook.construct_event(payload, header, secret)


def test_refused_webhook_is_sent_again_until_it_is_taken(simulator: RunningSimulator, receiver: Receiver) -> None:
    receiver.statuses = [500, 503, 301, 400, 500]
    pay_new_session(simulator)
    wait_until(lambda: simulator.control("GET", "/deliveries")["states"]["delivered"] == 3)
    log = simulator.control("GET", "/deliveries")["attempts"]
    assert len(receiver.deliveries) == 8
    assert sorted(attempt["status"] for attempt in log) == [200, 200, 200, 301, 400, 500, 500, 503]
    assert len({event.id for event in receiver.events()}) == 3


def test_first_delivery_leaves_at_once(simulator: RunningSimulator, receiver: Receiver) -> None:
    pay_new_session(simulator)
    session = simulator.client().v1.checkout.sessions.create(order_params())
    wait_until(lambda: len(receiver.deliveries) == 3)
    clicked = time.time()
    simulator.pay(session.id)
    wait_until(lambda: len(receiver.deliveries) == 6)
    assert receiver.deliveries[3][2] - clicked < 0.5


def test_paused_webhooks_wait_and_then_come(simulator: RunningSimulator, receiver: Receiver) -> None:
    simulator.control("PUT", "/controls/webhooks", {"paused": True})
    pay_new_session(simulator)
    assert simulator.control("GET", "/deliveries")["states"]["pending"] == 3
    assert receiver.deliveries == []
    simulator.control("PUT", "/controls/webhooks", {})
    wait_until(lambda: sorted(receiver.kinds()) == PAID)


def test_resent_event_passes_a_pause_and_reports_the_answer(simulator: RunningSimulator, receiver: Receiver) -> None:
    simulator.control("PUT", "/controls/webhooks", {"paused": True})
    pay_new_session(simulator)
    event = simulator.client().v1.events.list({"type": "charge.succeeded"}).data[0].id
    receiver.statuses = [418]
    attempts = simulator.control("POST", f"/events/{event}/resend", {"times": 2})
    assert [attempt["status"] for attempt in attempts] == [418, 200]
    assert receiver.kinds() == ["charge.succeeded"] * 2


def test_copies_and_shuffling_repeat_and_reorder(simulator: RunningSimulator, receiver: Receiver) -> None:
    simulator.control("PUT", "/controls/webhooks", {"copies": 4, "shuffle": 0.2, "seed": 3})
    pay_new_session(simulator)
    wait_until(lambda: len(receiver.deliveries) == 12)
    assert sorted(receiver.kinds()) == sorted(PAID * 4)
    recorded = ["charge.succeeded"] * 4 + ["payment_intent.succeeded"] * 4 + ["checkout.session.completed"] * 4
    assert receiver.kinds() != recorded
    assert {event.id for event in receiver.events()} == {event.id for event in simulator.client().v1.events.list().data}


def test_pending_webhooks_outlive_a_restart(tmp_path: Path, receiver: Receiver) -> None:
    state = tmp_path / "state.sqlite"
    with running_simulator(receiver.url, state) as before:
        before.control("PUT", "/controls/webhooks", {"paused": True})
        pay_new_session(before)
    assert receiver.deliveries == []
    with running_simulator(receiver.url, state):
        wait_until(lambda: sorted(receiver.kinds()) == PAID)


def test_unreachable_receiver_is_logged_with_its_reason() -> None:
    with running_simulator("http://127.0.0.1:1/nobody") as simulator:
        pay_new_session(simulator)
        attempt = wait_until(lambda: simulator.control("GET", "/deliveries?limit=1")["attempts"])[0]
        assert attempt["status"] is None
        assert "refused" in attempt["error"]


def test_the_endpoint_is_told_of_what_it_asked_for_and_the_rest_is_only_listed(receiver: Receiver) -> None:
    with running_simulator(receiver.url, events="refund.updated,checkout.session.completed") as simulator:
        pay_new_session(simulator)
        listed = {event.type: event.pending_webhooks for event in simulator.client().v1.events.list().data}
        assert {kind for kind, waiting in listed.items() if waiting} <= {"checkout.session.completed"}
        assert sorted(listed) == PAID
        wait_until(lambda: receiver.kinds() == ["checkout.session.completed"])
        assert sum(simulator.control("GET", "/deliveries")["states"].values()) == 1
