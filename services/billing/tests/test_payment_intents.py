"""Word of payments before their money arrives: tried, under way for days, canceled, ours and others'."""

from collections.abc import Iterable
from itertools import islice, permutations
from typing import Any, TypeVar
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from services.billing.tests.scale import scaled
from services.billing.tests.shop import Shop, event_body
from services.billing.tests.test_timeline import steps
from services.billing.tests.test_w5_misfits import foreign_session
from shared.events import PaymentFailed, PaymentSucceeded
from shared.testing.harness import Caller

T = TypeVar("T")
OPENED = ["ordered", "checkout_opened"]
UNDER_WAY = [*OPENED, "payment_processing"]
ENDS = {"paid": ["money_received", "paid"], "failed": ["failed"]}
PARTS = ("refunds", "disputes")


def read(caller: Caller, order: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = caller.get(f"/api/v1/payments/orders/{order['id']}").json()
    return found


def word(kind: str, intent_id: str) -> dict[str, Any]:
    """An event about a payment that says no more than its id."""
    subject = {"id": intent_id, "object": "payment_intent"}
    event: dict[str, Any] = {"id": f"evt_{uuid7().hex}", "type": kind, "data": {"object": subject}}
    return {"object": "event", "created": 1, "livemode": False, "api_version": None, **event}


def words(shop: Shop, session_id: str, *kinds: str) -> list[dict[str, Any]]:
    """Stripe's events of these types about a session and its payment, in this order."""
    events = {event["type"]: event for event in shop.far_end.events_of(session_id)}
    return [events[kind] for kind in kinds]


def sample(orders_of_arrival: Iterable[T]) -> Iterable[T]:
    """Every fourth one; FULL=1 has all."""
    return islice(orders_of_arrival, 0, None, scaled(4, full=1))


@pytest.mark.parametrize("first", ["payment_intent.processing", "checkout.session.completed"])
def test_a_payment_under_way_is_a_step_and_the_order_stays_open_until_the_money_arrives(shop: Shop, first: str) -> None:
    caller, order, session_id = shop.bought()
    shop.far_end.pay(session_id, "later")
    shop.deliver(*words(shop, session_id, first))
    assert (steps(caller, order["id"]), shop.order(order["id"])["status"]) == (UNDER_WAY, "pending")
    shop.deliver_all(session_id)
    shop.deliver_all(session_id)
    seen = read(caller, order)
    assert (seen["status"], seen["checkout_url"], seen["processing_at"][-1]) == ("pending", None, "Z")
    again = shop.checkout(caller, UUID(order["course_id"]))
    assert (again.status_code, again.json()["id"]) == (200, order["id"])
    assert caller.post(f"/api/v1/payments/orders/{order['id']}/cancel").json()["status"] == "pending"
    shop.far_end.settle(session_id, "succeeded")
    shop.deliver_all(session_id)
    assert steps(caller, order["id"]) == [*UNDER_WAY, "money_received", "paid"]
    assert len(shop.told(order["id"], PaymentSucceeded)) == 1


@pytest.mark.parametrize("begun", ["later", "decline"], ids=["under way", "while the page is open"])
def test_a_canceled_payment_ends_the_order_and_the_course_can_be_bought_again(shop: Shop, begun: str) -> None:
    caller, order, session_id = shop.bought()
    shop.far_end.pay(session_id, begun)
    shop.deliver_all(session_id)
    assert shop.order(order["id"])["status"] == "pending"
    shop.far_end.cancel_payment(session_id)
    canceled = words(shop, session_id, "payment_intent.canceled")
    shop.deliver(*canceled, *canceled)
    shop.deliver_all(session_id)
    seen = shop.order(order["id"])
    assert (seen["status"], seen["failure"]) == ("failed", "payment_canceled")
    assert [event.reason for event in shop.told(order["id"], PaymentFailed)] == ["payment_canceled"]
    assert shop.checkout(caller, UUID(order["course_id"])).status_code == 201


def test_of_a_page_that_expired_after_a_declined_card_either_word_is_enough(shop: Shop) -> None:
    for kind in ("payment_intent.canceled", "checkout.session.expired"):
        _, order, session_id = shop.bought()
        shop.far_end.pay(session_id, "decline")
        shop.far_end.client.v1.checkout.sessions.expire(session_id)
        shop.deliver(*words(shop, session_id, kind))
        assert (shop.order(order["id"])["status"], shop.order(order["id"])["failure"]) == ("failed", "session_expired")


STORIES = {
    "paid": ("checkout.session.async_payment_succeeded", "payment_intent.succeeded"),
    "failed": ("checkout.session.async_payment_failed", "payment_intent.canceled"),
}


@pytest.mark.parametrize("status", STORIES)
def test_w2_words_of_a_payment_in_any_order_and_twice_end_in_one_state(shop: Shop, status: str) -> None:
    kinds = ("payment_intent.processing", "payment_intent.payment_failed", *STORIES[status])
    for arrival in sample(permutations(kinds)):
        _, order, session_id = shop.bought()
        shop.far_end.pay(session_id, "decline")
        shop.far_end.pay(session_id, "later")
        shop.far_end.settle(session_id, "succeeded" if status == "paid" else "failed")
        if status == "failed":
            shop.far_end.cancel_payment(session_id)
        for _ in range(2):
            shop.deliver(*words(shop, session_id, *arrival))
        assert shop.order(order["id"])["status"] == status
        told = [len(shop.told(order["id"], kind)) for kind in (PaymentSucceeded, PaymentFailed)]
        assert told == [int(status == "paid"), int(status == "failed")]


@pytest.mark.parametrize("ends", ENDS)
def test_w2_looks_of_earlier_moments_cannot_undo_how_a_payment_ended(shop: Shop, ends: str) -> None:
    intake = shop.harness.worker.handlers.intakes["stripe"]
    for order_of_arrival in sample(permutations(range(4))):
        caller, order, session_id = shop.bought()
        acts = [
            lambda name: None,
            lambda name: shop.far_end.pay(name, "decline"),
            lambda name: shop.far_end.pay(name, "later"),
            shop.far_end.cancel_payment if ends == "failed" else lambda name: shop.far_end.settle(name, "succeeded"),
        ]
        looks: list[Any] = []
        for act in acts:
            act(session_id)
            looks.append(intake.prepare(shop.harness.database, {"session_id": session_id}))
        for place in order_of_arrival:
            with shop.harness.database.begin() as session:
                intake.handle(session, looks[place])
        assert shop.order(order["id"])["status"] == ends
        assert read(caller, order)["processing_at"]
        # A step behind the end would send who waits on the stream back.
        assert steps(caller, order["id"]) in ([*OPENED, *ENDS[ends]], [*UNDER_WAY, *ENDS[ends]])


@pytest.mark.parametrize("kind", ["payment_intent.canceled", "payment_intent.processing"])
def test_nothing_that_is_said_of_a_paid_orders_payment_takes_it_away_or_is_looked_up(shop: Shop, kind: str) -> None:
    caller, order, session_id = shop.paid()
    before = steps(caller, order["id"])
    event = word(kind, shop.far_end.session(session_id)["payment_intent"])
    shop.far_end.set_faults({"kind": "reset", "method": "GET"})
    shop.deliver(event)
    shop.far_end.set_faults()
    [row] = shop.sql("SELECT status FROM inbox WHERE event_id = :id", id=event["id"])
    assert (row.status, shop.order(order["id"])["status"], steps(caller, order["id"])) == ("done", "paid", before)


def test_a_payment_that_never_arrived_is_looked_up_in_one_round_trip(shop: Shop) -> None:
    caller, order, session_id = shop.bought()
    shop.far_end.pay(session_id, "later")
    shop.far_end.set_faults(*({"kind": "reset", "method": "GET", "path": f"/v1/{what}"} for what in PARTS))
    shop.deliver(*words(shop, session_id, "payment_intent.processing"))
    assert steps(caller, order["id"]) == UNDER_WAY


@pytest.mark.parametrize("kind", ["succeeded", "payment_failed", "processing", "canceled"])
def test_word_of_a_payment_that_is_not_ours_is_stored_and_ignored(
    shop: Shop, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    event = word(f"payment_intent.{kind}", f"pi_{uuid7().hex}")
    shop.deliver(event)
    [stored] = shop.sql("SELECT type FROM stripe_events WHERE event_id = :id", id=event["id"])
    [row] = shop.sql("SELECT status FROM inbox WHERE event_id = :id", id=event["id"])
    assert (stored.type, row.status) == (event["type"], "done")
    assert not [message for message in caplog.messages if "ALERT" in message]


def test_a_canceled_payment_of_another_system_on_the_same_account_is_left_alone(shop: Shop) -> None:
    session_id = foreign_session(shop, "cart-4711", {"order_id": "cart-4711"}, method="later")
    shop.far_end.cancel_payment(session_id)
    shop.deliver_all(session_id)
    ids = [event["id"] for event in shop.far_end.events_of(session_id)]
    rows = shop.sql("SELECT status FROM inbox WHERE event_id = ANY(:ids)", ids=ids)
    assert [row.status for row in rows] == ["done"] * 3


@pytest.mark.parametrize("kind", ["created", "requires_action", "amount_capturable_updated", "partially_funded"])
def test_what_changes_no_order_is_stored_and_never_looked_up(shop: Shop, kind: str) -> None:
    event_id = f"evt_{uuid7().hex}"
    body = event_body(id=event_id, type=f"payment_intent.{kind}", data={"object": {"id": "pi_1"}})
    assert shop.send(body).status_code == 200
    [stored] = shop.sql("SELECT ignored FROM stripe_events WHERE event_id = :id", id=event_id)
    assert (stored.ignored, shop.sql("SELECT 1 FROM inbox WHERE event_id = :id", id=event_id)) == (True, [])


@pytest.mark.parametrize("job", ["reconcile", "pull-events", "compare-everything"])
def test_a_canceled_payment_of_which_every_word_got_lost_is_found_by_the_jobs(own_shop: Shop, job: str) -> None:
    _, order, session_id = own_shop.bought()
    own_shop.far_end.pay(session_id, "later")
    own_shop.far_end.cancel_payment(session_id)
    own_shop.sql("UPDATE orders SET created_at = now() - interval '11 minutes' WHERE id = :id", id=order["id"])
    own_shop.run_job(job)
    own_shop.work()
    assert own_shop.order(order["id"])["failure"] == "payment_canceled"


def test_an_order_that_its_learner_gave_up_is_cancelled_whoever_tells_first_that_its_page_expired(shop: Shop) -> None:
    caller, order, session_id = shop.bought()
    shop.far_end.pay(session_id, "decline")
    shop.far_end.set_faults({"kind": "reset", "method": "GET"})
    assert caller.post(f"/api/v1/payments/orders/{order['id']}/cancel").status_code == 503
    shop.far_end.set_faults()
    shop.deliver_all(session_id)
    assert shop.order(order["id"])["status"] == "cancelled"
    assert not shop.told(order["id"], PaymentFailed)
    assert shop.checkout(caller, UUID(order["course_id"])).status_code == 201
