"""Reading orders: one's own, all of them; and healing those whose webhook got lost."""

from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from services.billing.models import Base
from services.billing.tests.shop import Shop, course_event
from shared.auditing.tables import metadata as audit_metadata
from shared.events import CourseArchived, CourseUpdated, PaymentFailed, PaymentSucceeded
from shared.testing import Harness, wait_until
from shared.testing.schema import assert_models_match_migrations


def reconcile(shop: Shop) -> None:
    shop.run_job("reconcile")


def age(shop: Shop, order_id: str, minutes: int = 11) -> None:
    shop.sql(
        "UPDATE orders SET created_at = now() - make_interval(mins => :minutes) WHERE id = :id",
        id=order_id,
        minutes=minutes,
    )


def test_an_open_order_shows_where_to_pay(shop: Shop) -> None:
    caller, order, _ = shop.bought()
    read = caller.get(f"/api/v1/payments/orders/{order['id']}").json()
    assert read["checkout_url"] == order["checkout_url"]
    assert (read["status"], read["price"], read["paid_at"]) == ("pending", {"amount": 4900, "currency": "USD"}, None)


def test_anothers_order_is_not_there(shop: Shop) -> None:
    _, order, _ = shop.bought()
    stranger = shop.harness.caller()
    answer = stranger.get(f"/api/v1/payments/orders/{order['id']}")
    assert (answer.status_code, answer.json()["type"]) == (404, "urn:academy:problem:order-not-found")
    assert shop.harness.caller("admin").get(f"/api/v1/payments/orders/{order['id']}").status_code == 404
    assert stranger.get(f"/api/v1/payments/orders/{uuid7()}").status_code == 404
    assert stranger.get("/api/v1/payments/orders/none").status_code == 422
    assert stranger.get("/api/v1/payments/orders").json() == {"items": [], "next_cursor": None}


def test_my_orders_come_in_pages_newest_first(shop: Shop) -> None:
    caller = shop.harness.caller()
    made = [shop.checkout(caller, shop.sell()).json()["id"] for _ in range(3)]
    first = caller.get("/api/v1/payments/orders", params={"limit": 2}).json()
    second = caller.get("/api/v1/payments/orders", params={"limit": 2, "cursor": first["next_cursor"]}).json()
    assert [item["id"] for item in first["items"] + second["items"]] == made[::-1]
    assert second["next_cursor"] is None
    assert caller.get("/api/v1/payments/orders", params={"cursor": "WzFd"}).status_code == 422


def test_an_administrator_finds_payments_by_status_user_and_course(shop: Shop) -> None:
    caller, order, session_id = shop.bought()
    shop.far_end.pay(session_id)
    shop.deliver_all(session_id)
    admin = shop.harness.caller("admin")
    for query in ({"user_id": str(caller.user_id), "status": "paid"}, {"course_id": order["course_id"]}):
        [found] = admin.get("/api/v1/admin/payments", params=query).json()["items"]
        assert (found["id"], found["user_id"], found["paid_amount"]) == (order["id"], str(caller.user_id), 4900)
    nothing = {"user_id": str(caller.user_id), "status": "failed"}
    assert admin.get("/api/v1/admin/payments", params=nothing).json()["items"] == []
    assert admin.get("/api/v1/admin/payments", params={"status": "nonsense"}).status_code == 422


@pytest.mark.parametrize(("role", "reads"), [("student", 403), ("instructor", 403), ("support", 200)])
def test_only_administrators_and_support_see_all_payments(shop: Shop, role: str, reads: int) -> None:
    assert shop.harness.caller(role).get("/api/v1/admin/payments").status_code == reads


def test_a_lost_webhook_heals_by_reconciliation(shop: Shop) -> None:
    _, paid, session_id = shop.bought()
    shop.far_end.pay(session_id)
    _, expired, expired_session = shop.bought()
    shop.far_end.client.v1.checkout.sessions.expire(expired_session)
    _, fresh, fresh_session = shop.bought()
    shop.far_end.pay(fresh_session)
    for order in (paid, expired):
        age(shop, order["id"])
    reconcile(shop)
    reconcile(shop)
    shop.deliver_all(session_id)
    statuses = [shop.order(order["id"])["status"] for order in (paid, expired, fresh)]
    assert statuses == ["paid", "failed", "pending"]
    assert len(shop.told(paid["id"], PaymentSucceeded)) == 1
    assert len(shop.told(expired["id"], PaymentFailed)) == 1


def test_the_landing_page_heals_a_lost_webhook_too_but_asks_stripe_only_now_and_then(shop: Shop) -> None:
    caller, order, session_id = shop.bought()
    url = f"/api/v1/payments/orders/{order['id']}"
    age(shop, order["id"])
    assert caller.get(url).json()["status"] == "pending"
    shop.far_end.pay(session_id)
    assert caller.get(url).json()["status"] == "pending"
    shop.sql("UPDATE orders SET checked_at = now() - interval '6 seconds' WHERE id = :id", id=order["id"])
    assert caller.get(url).json()["status"] == "paid"
    assert len(shop.told(order["id"], PaymentSucceeded)) == 1


def test_the_landing_page_shows_what_is_known_while_stripe_is_away(shop: Shop) -> None:
    caller, order, _ = shop.bought()
    age(shop, order["id"])
    shop.far_end.set_faults({"kind": "reset", "method": "GET"})
    answer = caller.get(f"/api/v1/payments/orders/{order['id']}")
    assert (answer.status_code, answer.json()["status"]) == (200, "pending")


def test_an_order_that_never_got_a_session_is_given_up_and_the_course_can_be_bought(shop: Shop) -> None:
    caller, course_id = shop.harness.caller(), shop.sell()
    shop.far_end.set_faults({"kind": "reset", "method": "POST"})
    shop.checkout(caller, course_id)
    shop.far_end.set_faults()
    [order] = caller.get("/api/v1/payments/orders").json()["items"]
    age(shop, order["id"])
    reconcile(shop)
    assert shop.order(order["id"])["status"] == "pending"
    shop.sql("UPDATE orders SET attempt_expires_at = now() WHERE id = :id", id=order["id"])
    reconcile(shop)
    assert shop.order(order["id"])["failure"] == "not_opened"
    assert shop.checkout(caller, course_id).status_code == 201


def test_a_click_after_the_session_ran_out_unnoticed_opens_a_new_order(shop: Shop) -> None:
    caller, order, session_id = shop.bought()
    shop.far_end.client.v1.checkout.sessions.expire(session_id)
    shop.sql("UPDATE orders SET attempt_expires_at = now() WHERE id = :id", id=order["id"])
    assert caller.get("/api/v1/payments/orders").json()["items"][0]["checkout_url"] is None
    again = shop.checkout(caller, UUID(order["course_id"]))
    assert again.status_code == 201
    assert again.json()["id"] != order["id"]
    assert shop.order(order["id"])["status"] == "failed"


def test_courses_become_products_whatever_the_order_of_their_events(shop: Shop) -> None:
    published = course_event(version=1, amount=100, title="First")
    updated = course_event(CourseUpdated, published.course_id, 2, 200, "Second")
    archived = course_event(CourseArchived, published.course_id, 3, 300, "Third")
    for event in (updated, published, archived, updated, published):
        shop.harness.deliver(event)
    [row] = shop.sql("SELECT * FROM products WHERE course_id = :id", id=published.course_id)
    assert (row.version, row.title, row.price_amount, row.published) == (3, "Third", 300, False)


def test_from_webhook_to_published_event_with_the_worker_running(shop: Shop) -> None:
    _, order, session_id = shop.bought()
    shop.far_end.pay(session_id)
    # Without the jobs, which would go over all that the tests of this process have sold.
    with shop.harness.running_worker("inbox", "relay", "listener"):
        [event] = [e for e in shop.far_end.events_of(session_id) if e["type"] == "checkout.session.completed"]
        shop.deliver(event)
        sent = "SELECT 1 FROM outbox WHERE subject = :id AND published_at IS NOT NULL"
        wait_until(lambda: shop.sql(sent, id=order["id"]), what="PaymentSucceeded is confirmed by the broker")


def test_models_and_migrations_agree(harness: Harness) -> None:
    assert_models_match_migrations(harness, Base.metadata, audit_metadata, leftovers={"acts"})
