"""From the click to the page where one pays."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from services.billing.purchases import ORDERS
from services.billing.tests.shop import Shop
from shared.events import PaymentSucceeded
from shared.testing.limits import assert_refused, end_period, use_up

CREATE = {"method": "POST", "path": "/v1/checkout/sessions"}


def test_a_checkout_offers_the_course_at_our_price_on_stripes_page(shop: Shop) -> None:
    course_id = shop.sell(12345)
    answer = shop.checkout(shop.harness.caller(), course_id)
    order = answer.json()
    assert answer.status_code == 201
    assert order["status"] == "pending"
    assert order["order_id"] == order["id"]
    assert order["price"] == {"amount": 12345, "currency": "USD"}
    [session] = shop.far_end.sessions_of(order["id"])
    assert (session["amount_total"], session["currency"]) == (12345, "usd")
    assert session["metadata"]["order_id"] == order["id"]
    assert 29 * 60 < session["expires_at"] - session["created"] <= 31 * 60


def test_return_addresses_come_from_the_settings_not_from_the_host_header(shop: Shop) -> None:
    caller = shop.harness.caller()
    body = {"course_id": str(shop.sell())}
    headers = {"Host": "evil.test", "X-Forwarded-Host": "evil.test"}
    order = caller.post("/api/v1/payments/checkouts", json=body, headers=headers).json()
    session = shop.far_end.session(order["checkout_url"].rsplit("/", 1)[1])
    expected = f"http://academy.test/payments/return?order={order['id']}&session={{CHECKOUT_SESSION_ID}}"
    assert session["success_url"] == expected
    assert session["cancel_url"] == f"http://academy.test/payments/cancelled?order={order['id']}"


def test_a_second_click_gets_the_open_session_back(shop: Shop) -> None:
    caller, course_id = shop.harness.caller(), shop.sell()
    first, second = shop.checkout(caller, course_id), shop.checkout(caller, course_id, key="another")
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()


def test_more_new_orders_than_an_account_may_open_in_an_hour_are_refused(shop: Shop) -> None:
    caller, key = shop.harness.caller(), uuid7().hex
    use_up(shop.harness, ORDERS, caller.user_id, left=2)
    open_order = shop.checkout(caller, bought := shop.sell(), key=key)
    courses = [shop.sell() for _ in range(3)]
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda course_id: shop.checkout(caller, course_id), courses))
    assert sorted(answer.status_code for answer in answers) == [201, 429, 429]
    assert_refused(shop.checkout(caller, course_id := shop.sell()), ORDERS)
    assert shop.sql("SELECT 1 FROM orders WHERE course_id = :id", id=course_id) == []
    for again in (shop.checkout(caller, bought, key=key), shop.checkout(caller, bought)):
        assert (again.status_code, again.json()["id"]) == (200, open_order.json()["id"]), "no new order"
    url = f"/api/v1/payments/orders/{open_order.json()['id']}/cancel"
    assert caller.post(url).json()["status"] == "cancelled"
    assert_refused(shop.checkout(caller, bought), ORDERS)
    assert shop.checkout(shop.harness.caller(), course_id).status_code == 201
    end_period(shop.harness, ORDERS, caller.user_id)
    assert shop.checkout(caller, bought).status_code == 201


def test_the_same_key_means_the_same_order_even_after_it_is_paid(shop: Shop) -> None:
    caller, course_id = shop.harness.caller(), shop.sell()
    order = shop.checkout(caller, course_id, key="k1").json()
    session_id = order["checkout_url"].rsplit("/", 1)[1]
    shop.far_end.pay(session_id)
    shop.deliver_all(session_id)
    again = shop.checkout(caller, course_id, key="k1")
    assert (again.status_code, again.json()["id"], again.json()["status"]) == (200, order["id"], "paid")


def test_a_key_used_for_another_course_is_refused_but_is_free_for_another_person(shop: Shop) -> None:
    caller, course_id = shop.harness.caller(), shop.sell()
    assert shop.checkout(caller, course_id, key="k2").status_code == 201
    refused = shop.checkout(caller, shop.sell(), key="k2")
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == "Idempotency-Key"
    assert shop.checkout(shop.harness.caller(), course_id, key="k2").status_code == 201


@pytest.mark.parametrize("other", [{"coupon": "TEN-OFF"}, {"currency": "EUR"}])
def test_a_key_used_again_on_other_terms_is_refused(shop: Shop, other: dict[str, str]) -> None:
    caller, course_id = shop.harness.caller(), shop.sell()
    assert shop.checkout(caller, course_id, key="k3").status_code == 201
    refused = shop.checkout(caller, course_id, key="k3", extra=other)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "Idempotency-Key")


@pytest.mark.parametrize("key", ["x" * 256, "two words", "k\u00e9y"])
def test_a_key_that_is_no_plain_text_is_refused(shop: Shop, key: str) -> None:
    body = {"course_id": str(shop.sell())}
    headers: Any = {"Idempotency-Key": key.encode("latin-1")}
    token = {"Authorization": f"Bearer {shop.harness.caller().token}"}
    answer = shop.harness.client.post("/api/v1/payments/checkouts", json=body, headers={**token, **headers})
    assert answer.status_code == 422


def test_what_was_bought_cannot_be_bought_again(shop: Shop) -> None:
    caller, order, session_id = shop.bought()
    shop.far_end.pay(session_id)
    shop.deliver_all(session_id)
    answer = shop.checkout(caller, UUID(order["course_id"]))
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:academy:problem:already-purchased")


def test_a_free_course_sends_the_learner_to_enroll(shop: Shop) -> None:
    answer = shop.checkout(shop.harness.caller(), shop.sell(0))
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:academy:problem:course-is-free")
    assert "/api/v1/enrollments" in answer.json()["detail"]


@pytest.mark.parametrize("archived", [True, False])
def test_an_archived_or_unknown_course_is_not_for_sale(shop: Shop, archived: bool) -> None:
    course_id = shop.sell() if archived else uuid7()
    if archived:
        shop.change(course_id, 2, archive=True)
    answer = shop.checkout(shop.harness.caller(), course_id)
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:academy:problem:course-not-for-sale")


@pytest.mark.parametrize("field", ["amount", "price", "currency", "status", "user_id", "id"])
def test_an_amount_or_identity_from_the_client_is_refused(shop: Shop, field: str) -> None:
    answer = shop.checkout(shop.harness.caller(), shop.sell(), extra={field: 1})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field


def test_without_a_token_there_is_no_checkout(shop: Shop) -> None:
    body = {"course_id": str(shop.sell())}
    assert shop.harness.client.post("/api/v1/payments/checkouts", json=body).status_code == 401


def test_while_stripe_is_away_the_order_waits_and_the_next_click_continues_with_the_same_key(shop: Shop) -> None:
    caller, course_id = shop.harness.caller(), shop.sell()
    shop.far_end.set_faults({"kind": "reset", **CREATE})
    refused = shop.checkout(caller, course_id)
    assert (refused.status_code, refused.json()["type"]) == (503, "urn:academy:problem:payments-unavailable")
    [waiting] = caller.get("/api/v1/payments/orders").json()["items"]
    assert (waiting["status"], waiting["checkout_url"]) == ("pending", None)
    shop.far_end.set_faults()
    order = shop.checkout(caller, course_id).json()
    assert order["id"] == waiting["id"]
    [session] = shop.far_end.sessions_of(order["id"])
    assert session["metadata"]["attempt"] == "1"


def test_an_answer_lost_on_the_way_does_not_make_a_second_session(shop: Shop) -> None:
    shop.far_end.set_faults({"kind": "reset_after_success", "times": 1, **CREATE})
    _, order, _ = shop.bought()
    assert len(shop.far_end.sessions_of(order["id"])) == 1


def test_an_error_that_stripe_repeats_is_looked_into_before_the_next_attempt(shop: Shop) -> None:
    shop.far_end.set_faults({"kind": "500_after_success", "times": 1, **CREATE})
    _, order, session_id = shop.bought()
    [session] = shop.far_end.sessions_of(order["id"])
    assert (session["id"], session["metadata"]["attempt"]) == (session_id, "1")
    shop.far_end.pay(session_id)
    shop.deliver_all(session_id)
    assert len(shop.told(order["id"], PaymentSucceeded)) == 1


def test_an_attempt_that_failed_for_good_is_followed_by_one_with_a_new_key(shop: Shop) -> None:
    shop.far_end.set_faults({"kind": "500", "times": 1, **CREATE})
    _, order, _ = shop.bought()
    [session] = shop.far_end.sessions_of(order["id"])
    assert session["metadata"]["attempt"] == "2"


def test_a_payment_that_stripe_never_takes_is_a_conflict_and_ends_the_order(shop: Shop) -> None:
    caller, course_id = shop.harness.caller(), shop.sell()
    shop.far_end.set_faults({"kind": "400", **CREATE})
    refused = shop.checkout(caller, course_id)
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:academy:problem:payment-refused")
    assert "Retry-After" not in refused.headers
    [order] = caller.get("/api/v1/payments/orders").json()["items"]
    assert order["status"] == "failed"
    shop.far_end.set_faults()
    assert shop.checkout(caller, course_id).status_code == 201
