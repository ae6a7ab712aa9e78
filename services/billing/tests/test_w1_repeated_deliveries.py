"""W1: each event arrives one to ten times, twenty at once; it has one effect."""

import random
from concurrent.futures import ThreadPoolExecutor

from services.billing.tests.scale import scaled
from services.billing.tests.shop import Shop, event_body
from shared.events import PaymentSucceeded

EVENTS = scaled(40, full=1000)
DELIVERIES = 10 * EVENTS


def paid_order(shop: Shop) -> tuple[str, bytes]:
    """The id of an order whose money has arrived, and the event that says so."""
    _, order, session_id = shop.bought()
    shop.far_end.pay(session_id)
    subject = {"id": session_id, "object": "checkout.session"}
    return order["id"], event_body(type="checkout.session.completed", data={"object": subject})


def test_w1_every_delivery_is_answered_200_and_every_event_has_one_effect(shop: Shop) -> None:
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: paid_order(shop), range(EVENTS)))
    bodies = [body for _, body in made]
    deliveries = bodies + random.Random(1).choices(bodies, k=DELIVERIES - EVENTS)
    random.Random(2).shuffle(deliveries)
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(shop.send, deliveries))
    assert [answer.status_code for answer in answers] == [200] * DELIVERIES
    shop.work()
    ids = [order_id for order_id, _ in made]
    rows = shop.sql("SELECT status FROM orders WHERE id = ANY(CAST(:ids AS uuid[]))", ids=ids)
    assert [row.status for row in rows] == ["paid"] * EVENTS
    told = shop.sql(
        "SELECT subject FROM outbox WHERE type = :type AND subject = ANY(:ids)", type=PaymentSucceeded.__name__, ids=ids
    )
    assert sorted(row.subject for row in told) == sorted(ids)
