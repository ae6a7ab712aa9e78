"""What the payment provider never takes is refused where prices, coupons and refunds are made."""

from typing import Any

import pytest
from uuid_utils.compat import uuid7

from services.billing.tests.shop import Shop, course_event

PROBLEM = "urn:academy:problem:"
COUPONS = "/api/v1/admin/payments/coupons"
QUOTES = "/api/v1/payments/quotes"


def put_price(shop: Shop, course: Any, currency: str, amount: int) -> Any:
    url = f"/api/v1/admin/payments/prices/{course}/{currency}"
    return shop.harness.caller("admin").request("PUT", url, json={"amount": amount})


def sell_in(shop: Shop, amount: int, currency: str) -> Any:
    event = course_event().model_copy(update={"price_amount": amount, "price_currency": currency})
    shop.harness.deliver(event)
    return event.course_id


def coupon(shop: Shop, **terms: Any) -> Any:
    code = f"TEST-{uuid7().hex[-12:]}".upper()
    return shop.harness.caller("admin").post(COUPONS, json={"code": code, **terms})


@pytest.mark.parametrize(
    ("currency", "amount", "field"),
    [
        ("CZK", 1499, "amount"),
        ("HUF", 17499, "amount"),
        ("JPY", 49, "amount"),
        ("KWD", 5005, "amount"),
        ("ISK", 500050, "amount"),
        ("UGX", 500001, "amount"),
        ("EUR", 100_000_000, "amount"),
        ("XXX", 4900, "currency"),
        ("BTC", 4900, "currency"),
    ],
)
def test_a_price_that_cannot_be_charged_is_refused(shop: Shop, currency: str, amount: int, field: str) -> None:
    refused = put_price(shop, shop.sell(), currency, amount)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, field)


@pytest.mark.parametrize(("currency", "amount"), [("GBP", 30), ("CZK", 1500), ("JPY", 50), ("ISK", 500000)])
def test_the_smallest_price_of_a_currency_is_charged(shop: Shop, currency: str, amount: int) -> None:
    course = shop.sell()
    assert put_price(shop, course, currency, amount).status_code == 200
    order = shop.checkout(shop.harness.caller(), course, extra={"currency": currency}).json()
    assert order["price"] == {"amount": amount, "currency": currency}


@pytest.mark.parametrize(("currency", "price", "off"), [("CZK", 120_000, 119_940), ("THB", 2000, 1500)])
def test_a_coupon_that_leaves_less_than_can_be_charged_is_refused(
    shop: Shop, currency: str, price: int, off: int
) -> None:
    caller, course = shop.harness.caller(), sell_in(shop, price, currency)
    code = coupon(shop, amount=off, currency=currency).json()["code"]
    wanted = {"course_id": str(course), "coupon": code}
    for answer in (caller.post(QUOTES, json=wanted), shop.checkout(caller, course, extra={"coupon": code})):
        assert (answer.status_code, answer.json()["type"]) == (409, PROBLEM + "coupon-leaves-too-little")


@pytest.mark.parametrize(("currency", "price", "left"), [("ISK", 500_100, 335_100), ("KWD", 9990, 6700)])
def test_what_a_percentage_leaves_can_be_charged(shop: Shop, currency: str, price: int, left: int) -> None:
    course, code = sell_in(shop, price, currency), coupon(shop, percent=33).json()["code"]
    order = shop.checkout(shop.harness.caller(), course, extra={"coupon": code})
    assert (order.status_code, order.json()["price"]["amount"]) == (201, left)


@pytest.mark.parametrize(("currency", "amount", "field"), [("ISK", 150, "amount"), ("XTS", 100, "currency")])
def test_a_coupon_over_what_cannot_be_charged_is_refused(shop: Shop, currency: str, amount: int, field: str) -> None:
    refused = coupon(shop, amount=amount, currency=currency)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, field)


def test_a_price_from_before_the_rules_is_a_conflict_at_the_quote_and_at_the_checkout(shop: Shop) -> None:
    caller, course = shop.harness.caller(), shop.sell(1)
    for answer in (caller.post(QUOTES, json={"course_id": str(course)}), shop.checkout(caller, course)):
        assert (answer.status_code, answer.json()["type"]) == (409, PROBLEM + "price-not-chargeable")


def test_a_part_of_a_whole_unit_cannot_be_refunded(shop: Shop) -> None:
    caller, course = shop.harness.caller(), sell_in(shop, 500_000, "ISK")
    order = shop.checkout(caller, course).json()
    session_id = order["checkout_url"].rsplit("/", 1)[1]
    shop.far_end.pay(session_id)
    shop.deliver_all(session_id)
    url = f"/api/v1/admin/payments/{order['id']}/refunds"
    admin = shop.harness.caller("admin")
    refused = admin.post(url, json={"amount": 150, "reason": "because"})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "amount")
    assert admin.post(url, json={"amount": 100, "reason": "because"}).status_code == 202


@pytest.mark.parametrize("case", ["own currency", "free", "archived"])
def test_a_price_that_would_not_be_used_is_refused(shop: Shop, case: str) -> None:
    course = shop.sell(0 if case == "free" else 4900)
    if case == "archived":
        shop.change(course, 2, archive=True)
    refused = put_price(shop, course, "USD" if case == "own currency" else "EUR", 3900)
    slug = {"own currency": "price-of-catalog", "free": "course-is-free", "archived": "course-not-for-sale"}[case]
    assert (refused.status_code, refused.json()["type"]) == (409, PROBLEM + slug)


def test_a_price_in_the_currency_that_the_course_has_changed_to_is_not_listed(shop: Shop) -> None:
    event = course_event()
    shop.harness.deliver(event)
    assert put_price(shop, event.course_id, "EUR", 4500).status_code == 200
    changed = course_event(course_id=event.course_id, version=2).model_copy(update={"price_currency": "EUR"})
    shop.harness.deliver(changed)
    admin = shop.harness.caller("admin")
    assert admin.get(f"/api/v1/admin/payments/prices/{event.course_id}").json() == []
