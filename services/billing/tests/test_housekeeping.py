"""What billing forgets, and what it keeps."""

from uuid_utils.compat import uuid7

from services.billing.tests.shop import Shop, event_body


def told(shop: Shop, days_ago: int, **changes: object) -> str:
    event_id = f"evt_{uuid7().hex}"
    assert shop.send(event_body(id=event_id, **changes)).status_code == 200
    age = "UPDATE stripe_events SET received_at = now() - make_interval(days => :days) WHERE event_id = :id"
    shop.sql(age, id=event_id, days=days_ago)
    return event_id


def bodies(shop: Shop, *event_ids: str) -> list[bool]:
    rows = shop.sql("SELECT event_id, body FROM stripe_events WHERE event_id = ANY(:ids)", ids=list(event_ids))
    kept = {row.event_id: bool(row.body) for row in rows}
    return [kept[event_id] for event_id in event_ids]


def test_the_body_of_an_old_event_is_emptied_and_its_id_and_type_stay(shop: Shop) -> None:
    old, young = told(shop, days_ago=36), told(shop, days_ago=34)
    shop.run_job("sweep-event-bodies")
    assert bodies(shop, old, young) == [False, True]
    [row] = shop.sql("SELECT type, ignored FROM stripe_events WHERE event_id = :id", id=old)
    assert (row.type, row.ignored) == ("customer.created", True)


def test_an_event_that_is_not_handled_yet_keeps_its_body(shop: Shop) -> None:
    parked = told(shop, days_ago=400, type="charge.refunded", data={"object": None})
    shop.work()
    shop.run_job("sweep-event-bodies")
    assert bodies(shop, parked) == [True]
    shop.sql("UPDATE inbox SET status = 'done' WHERE event_id = :id", id=parked)
    shop.run_job("sweep-event-bodies")
    assert bodies(shop, parked) == [False]


def test_an_emptied_event_that_is_delivered_again_changes_nothing(shop: Shop) -> None:
    _, order, session_id = shop.paid()
    ids = [event["id"] for event in shop.far_end.events_of(session_id)]
    shop.sql("UPDATE stripe_events SET received_at = now() - interval '1 year' WHERE event_id = ANY(:ids)", ids=ids)
    shop.run_job("sweep-event-bodies")
    shop.deliver_all(session_id)
    assert not any(
        bodies(
            shop,
            *[
                event_id
                for event_id in ids
                if shop.sql("SELECT 1 FROM stripe_events WHERE event_id = :id", id=event_id)
            ],
        )
    )
    assert shop.order(order["id"])["status"] == "paid"
