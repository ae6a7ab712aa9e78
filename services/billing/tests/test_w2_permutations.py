"""W2: six events of one order arrive in every order; there is one final state. The pure half is in test_facts.py."""

from collections.abc import Sequence
from itertools import permutations
from typing import Any

import pytest
from uuid_utils.compat import uuid7

from services.billing.tests.scale import scaled
from services.billing.tests.shop import Shop, event_body
from shared.events import DisputeClosed, PaymentDisputed, PaymentFailed, PaymentRefunded, PaymentSucceeded

ALL = (PaymentSucceeded, PaymentFailed, PaymentRefunded, PaymentDisputed, DisputeClosed)
SIX = (
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
    "payment_intent.succeeded",
    "charge.refunded",
    "charge.dispute.created",
    "charge.dispute.closed",
)
ORDERS_OF_ARRIVAL = list(permutations(SIX))[:: scaled(36, full=1)]


def eventful_order(shop: Shop) -> tuple[str, dict[str, dict[str, Any]]]:
    """An order that was paid late, partly refunded, disputed and won; and its six events by type."""
    _, order, session_id = shop.bought()
    shop.far_end.pay(session_id, "later")
    shop.far_end.settle(session_id, "succeeded")
    shop.far_end.refund(session_id, 100)
    shop.far_end.close_dispute(shop.far_end.dispute(session_id), "won")
    return order["id"], {event["type"]: event for event in shop.far_end.events_of(session_id)}


def assert_one_state(shop: Shop, order_id: str) -> None:
    assert shop.order(order_id)["status"] == "partly_refunded"
    assert [len(shop.told(order_id, kind)) for kind in ALL] == [1, 0, 1, 1, 1]


@pytest.mark.parametrize("same_second", [False, True], ids=["created as it was", "created in one second"])
def test_w2_six_events_in_any_order_of_arrival_end_in_one_state(shop: Shop, same_second: bool) -> None:
    # Each half of them in one of the two ways; FULL=1 has all in both.
    for arrival in ORDERS_OF_ARRIVAL[int(same_second) :: scaled(2, full=1)]:
        order_id, events = eventful_order(shop)
        created = events[SIX[0]]["created"]
        arriving: Sequence[Any] = [events[kind] for kind in arrival]
        shop.deliver(*[event | {"created": created} for event in arriving] if same_second else arriving)
        assert_one_state(shop, order_id)


def test_w2_the_look_of_an_earlier_moment_cannot_undo_a_later_one(shop: Shop) -> None:
    intake = shop.harness.worker.handlers.intakes["stripe"]
    for order_of_arrival in permutations(range(4)):
        _, order, session_id = shop.bought()
        looks: list[Any] = [intake.prepare(shop.harness.database, {"session_id": session_id})]
        shop.far_end.pay(session_id)
        looks.append(intake.prepare(shop.harness.database, {"session_id": session_id}))
        dispute = shop.far_end.dispute(session_id)
        looks.append(intake.prepare(shop.harness.database, {"session_id": session_id}))
        shop.far_end.close_dispute(dispute, "lost")
        looks.append(intake.prepare(shop.harness.database, {"session_id": session_id}))
        for place in order_of_arrival:
            with shop.harness.database.begin() as session:
                intake.handle(session, looks[place])
        assert shop.order(order["id"])["status"] == "lost"
        assert [len(shop.told(order["id"], kind)) for kind in ALL] == [1, 0, 0, 1, 1]


OLDER_SHAPES: dict[str, tuple[str, Any]] = {
    "charge that holds its payment": ("charge.refunded", {"id": "ch_1", "payment_intent": {"id": "pi_1"}}),
    "charge from before payments had ids": ("charge.refunded", {"id": "ch_1"}),
    "dispute of a charge only": ("charge.dispute.created", {"id": "dp_1", "charge": "ch_1"}),
    "session that is a list": ("checkout.session.completed", [1]),
    "payment without an id": ("payment_intent.succeeded", {"object": "payment_intent"}),
    "nothing": ("refund.updated", None),
}


@pytest.mark.parametrize("shape", OLDER_SHAPES)
def test_w2_an_event_of_an_older_api_version_whose_shape_is_another_is_parked_not_guessed(
    shop: Shop, shape: str
) -> None:
    kind, subject = OLDER_SHAPES[shape]
    event_id = f"evt_{uuid7().hex}"
    body = event_body(id=event_id, type=kind, api_version="2014-01-31", data={"object": subject})
    assert shop.send(body).status_code == 200
    shop.work()
    [row] = shop.sql("SELECT status FROM inbox WHERE event_id = :id", id=event_id)
    [stored] = shop.sql("SELECT api_version FROM stripe_events WHERE event_id = :id", id=event_id)
    assert (row.status, stored.api_version) == ("parked", "2014-01-31")


def test_w2_older_events_that_still_name_their_subject_end_in_the_same_state(shop: Shop) -> None:
    order_id, events = eventful_order(shop)
    older = []
    for kind in SIX:
        subject = events[kind]["data"]["object"]
        named = {
            "id": subject["id"],
            "payment_intent": subject.get("payment_intent"),
            "amount": "as it was called then",
        }
        older.append(events[kind] | {"api_version": "2019-12-03", "data": {"object": named}})
    shop.deliver(*older)
    assert_one_state(shop, order_id)


def test_w2_a_declined_card_leaves_the_order_open(shop: Shop) -> None:
    _, order, session_id = shop.bought()
    shop.far_end.pay(session_id, "decline")
    shop.deliver_all(session_id)
    assert shop.order(order["id"])["status"] == "pending"
    shop.far_end.pay(session_id)
    shop.deliver_all(session_id)
    assert shop.order(order["id"])["status"] == "paid"
