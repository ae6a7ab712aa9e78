"""Coupons and prices: what they take off, for whom, until when, and how often."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from services.billing.coupons import GUESSES
from services.billing.tests.shop import Shop
from shared.events import PaymentFailed, PaymentSucceeded
from shared.testing.harness import Caller
from shared.testing.limits import assert_refused, end_period, use_up

COUPONS = "/api/v1/admin/payments/coupons"
PROBLEM = "urn:academy:problem:"


def coupon(shop: Shop, **terms: Any) -> str:
    code = f"TEST-{uuid7().hex[-12:]}".upper()
    answer = shop.harness.caller("admin").post(COUPONS, json={"code": code, **terms})
    assert answer.status_code == 201, answer.text
    return code


def used(shop: Shop, code: str) -> int:
    [row] = shop.sql("SELECT used FROM coupons WHERE code = :code", code=code)
    return int(row.used)


@pytest.mark.parametrize(
    ("terms", "price"),
    [({"percent": 25}, 3675), ({"amount": 900, "currency": "USD"}, 4000), ({"percent": 33}, 3283)],
)
def test_a_coupon_takes_its_part_off_what_is_charged(shop: Shop, terms: dict[str, Any], price: int) -> None:
    code, caller, course = coupon(shop, **terms), shop.harness.caller(), shop.sell()
    wanted = {"course_id": str(course), "coupon": code.lower()}
    quoted = caller.post("/api/v1/payments/quotes", json=wanted).json()
    assert (quoted["list_price"]["amount"], quoted["price"]["amount"]) == (4900, price)
    order = shop.checkout(caller, course, extra={"coupon": code}).json()
    [session] = shop.far_end.sessions_of(order["id"])
    assert (order["price"]["amount"], session["amount_total"]) == (price, price)
    shop.far_end.pay(session["id"])
    shop.deliver_all(session["id"])
    assert (shop.order(order["id"])["status"], used(shop, code)) == ("paid", 1)
    [line] = shop.sql("SELECT list_amount, discount, amount FROM order_lines WHERE order_id = :id", id=order["id"])
    assert tuple(line) == (4900, 4900 - price, price)


def test_z4_of_a_hundred_parallel_uses_of_a_ten_use_coupon_exactly_ten_win(shop: Shop) -> None:
    code, course = coupon(shop, percent=10, max_uses=10), shop.sell()
    callers = [shop.harness.caller() for _ in range(100)]
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda caller: shop.checkout(caller, course, extra={"coupon": code}), callers))
    assert sorted(answer.status_code for answer in answers) == [201] * 10 + [409] * 90
    assert {answer.json()["type"] for answer in answers if answer.status_code == 409} == {PROBLEM + "coupon-spent"}
    assert used(shop, code) == 10
    assert len(shop.sql("SELECT 1 FROM orders WHERE course_id = :id", id=course)) == 10


def test_each_learner_uses_a_coupon_once_and_an_order_that_came_to_nothing_gives_it_back(shop: Shop) -> None:
    code, caller = coupon(shop, percent=10, max_uses=1), shop.harness.caller()
    first = shop.checkout(caller, shop.sell(), extra={"coupon": code}).json()
    refused = shop.checkout(caller, shop.sell(), extra={"coupon": code})
    assert refused.json()["type"] == PROBLEM + "coupon-spent"
    session_id = first["checkout_url"].rsplit("/", 1)[1]
    shop.far_end.client.v1.checkout.sessions.expire(session_id)
    shop.deliver_all(session_id)
    shop.deliver_all(session_id)
    assert used(shop, code) == 0
    assert shop.checkout(caller, shop.sell(), extra={"coupon": code}).status_code == 201
    assert used(shop, code) == 1


@pytest.mark.parametrize(
    "terms",
    [
        {"percent": 10, "ends_at": "2020-01-01T00:00:00Z", "starts_at": "2019-01-01T00:00:00Z"},
        {"percent": 10, "starts_at": "2099-01-01T00:00:00Z"},
        {"percent": 10, "course_id": str(uuid7())},
        {"percent": 10, "user_id": str(uuid7())},
        {"amount": 100, "currency": "EUR"},
    ],
    ids=["over", "not yet", "other course", "other learner", "other currency"],
)
def test_a_coupon_that_is_not_for_this_sale_is_refused_and_no_order_is_made(shop: Shop, terms: dict[str, Any]) -> None:
    code, caller, course = coupon(shop, **terms), shop.harness.caller(), shop.sell()
    answer = shop.checkout(caller, course, extra={"coupon": code})
    assert (answer.status_code, answer.json()["type"]) == (409, PROBLEM + "coupon-not-valid")
    assert shop.checkout(caller, course, extra={"coupon": "NO-SUCH"}).json()["type"] == PROBLEM + "coupon-not-valid"
    assert caller.get("/api/v1/payments/orders").json()["items"] == []


def test_a_coupon_may_be_for_one_learner_and_one_course(shop: Shop) -> None:
    caller, course = shop.harness.caller(), shop.sell()
    code = coupon(shop, percent=50, course_id=str(course), user_id=str(caller.user_id))
    assert shop.checkout(caller, course, extra={"coupon": code}).json()["price"]["amount"] == 2450


def test_a_coupon_that_covers_all_gives_the_course_without_stripe(shop: Shop) -> None:
    code, caller, course = coupon(shop, percent=100), shop.harness.caller(), shop.sell()
    order = shop.checkout(caller, course, extra={"coupon": code}).json()
    assert (order["status"], order["checkout_url"], order["price"]["amount"]) == ("paid", None, 0)
    assert shop.far_end.sessions_of(order["id"]) == []
    [event] = shop.told(order["id"], PaymentSucceeded)
    assert event.amount == 0


def test_a_rest_that_no_card_can_pay_is_refused(shop: Shop) -> None:
    code = coupon(shop, amount=4860, currency="USD")
    answer = shop.checkout(shop.harness.caller(), shop.sell(), extra={"coupon": code})
    assert answer.json()["type"] == PROBLEM + "coupon-leaves-too-little"


def test_an_open_order_on_other_terms_is_given_up_first(shop: Shop) -> None:
    caller, order, _ = shop.bought()
    code, course = coupon(shop, percent=10), UUID(order["course_id"])
    refused = shop.checkout(caller, course, extra={"coupon": code})
    assert (refused.json()["type"], refused.json()["order_id"]) == (PROBLEM + "open-order-differs", order["id"])
    url = f"/api/v1/payments/orders/{order['id']}/cancel"
    assert shop.harness.caller().post(url).status_code == 404
    assert [caller.post(url).json()["status"] for _ in range(2)] == ["cancelled", "cancelled"]
    assert shop.far_end.sessions_of(order["id"])[0]["status"] == "expired"
    assert not shop.told(order["id"], PaymentFailed)
    assert shop.checkout(caller, course, extra={"coupon": code}).status_code == 201


def test_an_order_that_was_paid_in_the_meantime_cannot_be_given_up(shop: Shop) -> None:
    caller, order, session_id = shop.bought()
    shop.far_end.pay(session_id)
    assert caller.post(f"/api/v1/payments/orders/{order['id']}/cancel").json()["status"] == "paid"


def test_a_course_has_a_price_per_currency(shop: Shop) -> None:
    admin, caller, course = shop.harness.caller("admin"), shop.harness.caller(), shop.sell()
    assert shop.checkout(caller, course, extra={"currency": "EUR"}).json()["errors"][0]["field"] == "currency"
    url = f"/api/v1/admin/payments/prices/{course}/EUR"
    assert shop.harness.caller("instructor").request("PUT", url, json={"amount": 4500}).status_code == 403
    assert admin.request("PUT", url, json={"amount": 4500}).status_code == 200
    order = shop.checkout(caller, course, extra={"currency": "EUR"}).json()
    assert order["price"] == {"amount": 4500, "currency": "EUR"}
    [session] = shop.far_end.sessions_of(order["id"])
    assert session["currency"] == "eur"


def test_a_price_is_changed_by_who_has_seen_it(shop: Shop) -> None:
    admin, course = shop.harness.caller("admin"), shop.sell()
    url = f"/api/v1/admin/payments/prices/{course}"

    def put(amount: int, **headers: str) -> Any:
        return admin.request("PUT", f"{url}/EUR", json={"amount": amount}, headers=headers)

    first = put(4500)
    assert (first.status_code, first.json()["version"]) == (200, 1)
    assert put(4600).status_code == 428
    changed = put(4700, **{"If-Match": first.headers["ETag"]})
    assert (changed.status_code, changed.json()["version"]) == (200, 2)
    assert put(4800, **{"If-Match": first.headers["ETag"]}).status_code == 412
    assert put(4900, **{"If-Match": "*"}).status_code == 200
    assert [(price["currency"], price["amount"]) for price in admin.get(url).json()] == [("EUR", 4900)]


def test_of_two_first_prices_at_once_one_is_told_that_there_is_one(shop: Shop) -> None:
    admin, url = shop.harness.caller("admin"), f"/api/v1/admin/payments/prices/{shop.sell()}/EUR"
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda amount: admin.request("PUT", url, json={"amount": amount}), range(4500, 4504)))
    assert sorted(answer.status_code for answer in answers) == [200, 428, 428, 428]


def test_an_ended_coupon_is_over_at_once(shop: Shop) -> None:
    code, admin = coupon(shop, percent=10), shop.harness.caller("admin")
    [listed] = [item for item in admin.get(COUPONS).json() if item["code"] == code]
    stale = admin.delete(f"{COUPONS}/{listed['id']}", headers={"If-Match": '"7"'})
    assert stale.status_code == 412
    assert admin.delete(f"{COUPONS}/{listed['id']}", headers={"If-Match": '"1"'}).json()["active"] is False
    answer = shop.checkout(shop.harness.caller(), shop.sell(), extra={"coupon": code})
    assert answer.json()["type"] == PROBLEM + "coupon-not-valid"


@pytest.mark.parametrize(
    "terms",
    [
        {},
        {"percent": 0},
        {"percent": 101},
        {"amount": 5},
        {"percent": 5, "amount": 5, "currency": "USD"},
        {"percent": 5, "starts_at": "2030-01-02T00:00:00Z", "ends_at": "2030-01-01T00:00:00Z"},
        {"percent": 5, "ends_at": "2020-01-01T00:00:00Z"},
        {"percent": 5, "starts_at": "2027-02-01T00:00:00+02:00", "ends_at": "2027-01-31T22:00:00Z"},
    ],
)
def test_a_coupon_that_makes_no_sense_is_refused(shop: Shop, terms: dict[str, Any]) -> None:
    assert shop.harness.caller("admin").post(COUPONS, json={"code": "NONSENSE", **terms}).status_code == 422


def test_times_of_a_coupon_may_have_any_offset_there_is(shop: Shop) -> None:
    times = {"starts_at": "2026-01-01T19:08:12+21:04", "ends_at": "9999-01-01T00:00:00-23:59"}
    code, admin = coupon(shop, percent=10, **times), shop.harness.caller("admin")
    [made] = [item for item in admin.get(COUPONS).json() if item["code"] == code]
    assert (made["starts_at"], made["ends_at"]) == ("2025-12-31T22:04:12Z", "9999-01-01T23:59:00Z")


def test_a_code_is_given_once_and_only_by_administrators(shop: Shop) -> None:
    code = coupon(shop, percent=10)
    body = {"code": code.lower(), "percent": 10}
    assert shop.harness.caller("admin").post(COUPONS, json=body).json()["type"] == PROBLEM + "coupon-code-taken"
    assert shop.harness.caller("support").post(COUPONS, json=body).status_code == 403


def quote(caller: Caller, course: UUID, code: str | None) -> Any:
    return caller.post("/api/v1/payments/quotes", json={"course_id": str(course), "coupon": code})


def test_wrong_codes_are_counted_at_both_doors_and_then_no_code_is_looked_at(shop: Shop) -> None:
    code, caller, course = coupon(shop, percent=10), shop.harness.caller(), shop.sell()
    use_up(shop.harness, GUESSES, caller.user_id, left=2)
    for wrong in (quote(caller, course, "GUESS-1"), shop.checkout(caller, course, extra={"coupon": "GUESS-2"})):
        assert (wrong.status_code, wrong.json()["type"]) == (409, PROBLEM + "coupon-not-valid")
    for guess in (code, "GUESS-3"):
        assert_refused(quote(caller, course, guess), GUESSES)
        assert_refused(shop.checkout(caller, course, extra={"coupon": guess}), GUESSES)
    assert (used(shop, code), shop.sql("SELECT 1 FROM orders WHERE course_id = :id", id=course)) == (0, [])
    assert quote(caller, course, None).status_code == 200, "who names no code goes on"
    assert quote(shop.harness.caller(), course, code).status_code == 200, "another account"
    end_period(shop.harness, GUESSES, caller.user_id)
    assert shop.checkout(caller, course, extra={"coupon": code}).status_code == 201


def test_of_wrong_codes_at_once_no_more_are_looked_at_than_are_left(shop: Shop) -> None:
    caller, course = shop.harness.caller(), shop.sell()
    use_up(shop.harness, GUESSES, caller.user_id, left=1)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda number: quote(caller, course, f"GUESS-{number}"), range(4)))
    assert sorted(answer.status_code for answer in answers) == [409, 429, 429, 429]


def test_a_right_code_does_not_count(shop: Shop) -> None:
    code, caller, course = coupon(shop, percent=10), shop.harness.caller(), shop.sell()
    use_up(shop.harness, GUESSES, caller.user_id, left=1)
    assert [quote(caller, course, code).status_code for _ in range(3)] == [200] * 3
    assert shop.checkout(caller, course, extra={"coupon": code}).status_code == 201
    assert quote(caller, course, "GUESS-1").status_code == 409


def test_a_new_code_for_everybody_is_long_and_an_old_short_one_stays_good(shop: Shop) -> None:
    admin, caller, short = shop.harness.caller("admin"), shop.harness.caller(), uuid7().hex[-7:].upper()
    refused = admin.post(COUPONS, json={"code": short, "percent": 10})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "code")
    own = {"code": short, "percent": 10, "user_id": str(caller.user_id)}
    assert admin.post(COUPONS, json=own).status_code == 201
    shop.sql("UPDATE coupons SET user_id = NULL WHERE code = :code RETURNING 1", code=short)
    assert quote(shop.harness.caller(), shop.sell(), short).status_code == 200
