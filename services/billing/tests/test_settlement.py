"""From Stripe's events to the order, through the webhook and the worker."""

import json
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from services.billing.tests.shop import Shop, event_body
from shared.events import DisputeClosed, PaymentDisputed, PaymentFailed, PaymentRefunded, PaymentSucceeded

ALL = (PaymentSucceeded, PaymentFailed, PaymentRefunded, PaymentDisputed, DisputeClosed)


def test_a_paid_order_is_announced_once_with_its_price_and_time(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    caller, order, session_id = shop.bought()
    shop.far_end.pay(session_id)
    shop.deliver_all(session_id)
    shop.deliver_all(session_id)
    assert not [message for message in caplog.messages if "ALERT" in message]
    read = caller.get(f"/api/v1/payments/orders/{order['id']}").json()
    assert (read["status"], read["checkout_url"]) == ("paid", None)
    assert read["paid_at"].endswith("Z")
    [event] = shop.told(order["id"], *ALL)
    assert isinstance(event, PaymentSucceeded)
    assert (event.amount, event.currency, event.user_id) == (4900, "USD", caller.user_id)
    [payment] = shop.sql("SELECT session_id, amount FROM payments WHERE order_id = :id", id=order["id"])
    assert (payment.session_id, payment.amount) == (session_id, 4900)


def test_a_delayed_payment_stays_pending_until_the_money_arrives(shop: Shop) -> None:
    _, order, session_id = shop.bought()
    shop.far_end.pay(session_id, "later")
    shop.deliver_all(session_id)
    assert shop.order(order["id"])["status"] == "pending"
    shop.far_end.settle(session_id, "succeeded")
    shop.deliver_all(session_id)
    assert shop.order(order["id"])["status"] == "paid"


def test_a_bounced_payment_fails_the_order_and_the_course_can_be_bought_again(shop: Shop) -> None:
    caller, order, session_id = shop.bought()
    shop.far_end.pay(session_id, "later")
    shop.far_end.settle(session_id, "failed")
    shop.deliver_all(session_id)
    assert shop.order(order["id"])["status"] == "failed"
    [event] = shop.told(order["id"], *ALL)
    assert event.reason == "payment_failed"
    again = shop.checkout(caller, UUID(order["course_id"]))
    assert again.status_code == 201
    assert again.json()["id"] != order["id"]


def test_an_expired_session_fails_the_order(shop: Shop) -> None:
    _, order, session_id = shop.bought()
    shop.far_end.client.v1.checkout.sessions.expire(session_id)
    shop.deliver_all(session_id)
    assert shop.order(order["id"])["failure"] == "session_expired"


def test_refunds_are_told_as_totals_and_access_ends_with_the_last_cent(shop: Shop) -> None:
    _, order, session_id = shop.bought()
    shop.far_end.pay(session_id)
    shop.far_end.refund(session_id, 900)
    shop.deliver_all(session_id)
    assert shop.order(order["id"])["status"] == "partly_refunded"
    shop.far_end.refund(session_id)
    shop.deliver_all(session_id)
    assert shop.order(order["id"])["status"] == "refunded"
    told = [(event.refunded_amount, event.full) for event in shop.told(order["id"], PaymentRefunded)]
    assert told == [(900, False), (4900, True)]


def test_a_refund_that_fails_gives_the_order_back(shop: Shop) -> None:
    _, order, session_id = shop.bought()
    shop.far_end.pay(session_id)
    refund = shop.far_end.refund(session_id)
    shop.deliver_all(session_id)
    shop.far_end.fail_refund(refund)
    shop.deliver_all(session_id)
    assert shop.order(order["id"])["status"] == "paid"
    versions = [event.version for event in shop.told(order["id"], PaymentSucceeded, PaymentRefunded)]
    assert versions == sorted(set(versions))
    assert len(versions) == 3


@pytest.mark.parametrize(("outcome", "status"), [("won", "paid"), ("lost", "lost")])
def test_a_dispute_is_told_when_it_opens_and_when_it_closes(
    shop: Shop, caplog: pytest.LogCaptureFixture, outcome: str, status: str
) -> None:
    _, order, session_id = shop.bought()
    shop.far_end.pay(session_id)
    dispute = shop.far_end.dispute(session_id)
    shop.deliver_all(session_id)
    assert shop.order(order["id"])["status"] == "disputed"
    shop.far_end.close_dispute(dispute, outcome)
    shop.deliver_all(session_id)
    assert shop.order(order["id"])["status"] == status
    [opened], [closed] = (shop.told(order["id"], kind) for kind in (PaymentDisputed, DisputeClosed))
    assert (opened.dispute_id, closed.dispute_id, closed.won) == (dispute, dispute, outcome == "won")
    alerts = [message for message in caplog.messages if "ALERT" in message and dispute in message]
    assert ["is open" in alerts[0], f"is {outcome}" in alerts[1], len(alerts)] == [True, True, 2]


def test_an_event_about_a_session_that_stripe_does_not_know_is_parked(shop: Shop) -> None:
    event_id = f"evt_{uuid7().hex}"
    subject = {"id": "cs_test_nowhere", "object": "checkout.session"}
    shop.send(event_body(id=event_id, type="checkout.session.completed", data={"object": subject}))
    shop.work()
    [row] = shop.sql("SELECT status, last_error FROM inbox WHERE event_id = :id", id=event_id)
    assert (row.status, "cs_test_nowhere" in row.last_error) == ("parked", True)


def test_while_stripe_does_not_answer_the_event_waits_and_is_not_lost(shop: Shop) -> None:
    _, order, session_id = shop.bought()
    shop.far_end.pay(session_id)
    shop.far_end.set_faults({"kind": "500", "method": "GET", "path": "/v1/checkout/sessions"})
    subject = {"id": session_id, "object": "checkout.session"}
    event_id = f"evt_{uuid7().hex}"
    shop.send(event_body(id=event_id, type="checkout.session.completed", data={"object": subject}))
    shop.work()
    [row] = shop.sql("SELECT status, attempts FROM inbox WHERE event_id = :id", id=event_id)
    assert (row.status, row.attempts >= 1) == ("pending", True)
    assert shop.order(order["id"])["status"] == "pending"
    shop.far_end.set_faults()
    shop.sql("UPDATE inbox SET next_attempt_at = now() WHERE event_id = :id", id=event_id)
    shop.work()
    assert shop.order(order["id"])["status"] == "paid"


def test_word_of_a_payment_that_is_booked_is_not_looked_up_at_stripe_again(shop: Shop) -> None:
    _, _, session_id = shop.paid()
    again = [event | {"id": f"evt_{uuid7().hex}"} for event in shop.far_end.events_of(session_id)]
    shop.far_end.set_faults({"kind": "reset", "method": "GET"})
    shop.deliver(*again)
    shop.far_end.set_faults()
    rows = shop.sql("SELECT status FROM inbox WHERE event_id = ANY(:ids)", ids=[event["id"] for event in again])
    assert [row.status for row in rows] == ["done", "done"]


def test_the_second_word_of_a_payment_ends_with_its_booking_and_those_of_others_wait_on(shop: Shop) -> None:
    told = []
    for _ in range(2):
        _, _, session_id = shop.bought()
        shop.far_end.pay(session_id)
        told.append({event["type"]: event for event in shop.far_end.events_of(session_id)})
        shop.send(json.dumps(told[-1]["payment_intent.succeeded"]).encode())
    second_words = [events["payment_intent.succeeded"]["id"] for events in told]
    put_off = "UPDATE inbox SET next_attempt_at = now() + interval '1 hour' WHERE event_id = ANY(:ids)"
    shop.sql(put_off, ids=second_words)
    shop.send(json.dumps(told[0]["checkout.session.completed"]).encode())
    shop.work_on_what_is_due()
    rows = shop.sql("SELECT event_id, status FROM inbox WHERE event_id = ANY(:ids)", ids=second_words)
    assert {row.event_id: row.status for row in rows} == dict(zip(second_words, ("done", "pending"), strict=True))
