"""A checkout charges what the quote says, and nobody who has the course already."""

from typing import Any
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from services.billing.tests.shop import Shop, course_event
from services.billing.tests.test_coupons import coupon
from services.billing.tests.test_timeline import enrolled, steps
from shared.events import CourseUpdated, EnrollmentGranted, EnrollmentRevoked
from shared.testing.harness import Caller

PROBLEM = "urn:academy:problem:"


def reprice(shop: Shop, order: dict[str, Any], version: int, amount: int, currency: str) -> None:
    changed = course_event(CourseUpdated, UUID(order["course_id"]), version)
    shop.harness.deliver(changed.model_copy(update={"price_amount": amount, "price_currency": currency}))


def quoted(caller: Caller, order: dict[str, Any]) -> Any:
    return caller.post("/api/v1/payments/quotes", json={"course_id": order["course_id"]}).json().get("price")


@pytest.mark.parametrize(("amount", "currency"), [(2900, "USD"), (9900, "USD"), (2500, "EUR")])
def test_after_a_change_of_the_price_a_checkout_is_a_new_order_and_ends_the_old_one(
    shop: Shop, amount: int, currency: str
) -> None:
    caller, old, session_id = shop.bought()
    reprice(shop, old, 2, amount, currency)
    answer = shop.checkout(caller, UUID(old["course_id"]))
    assert (answer.status_code, answer.json()["price"]) == (201, {"amount": amount, "currency": currency})
    assert quoted(caller, old) == answer.json()["price"]
    [session] = shop.far_end.sessions_of(answer.json()["id"])
    assert (session["amount_total"], session["currency"]) == (amount, currency.lower())
    assert (shop.order(old["id"])["status"], shop.far_end.session(session_id)["status"]) == ("cancelled", "expired")


@pytest.mark.parametrize(("archive", "slug"), [(False, "course-is-free"), (True, "course-not-for-sale")])
def test_the_page_of_a_course_that_is_not_sold_any_more_ends(shop: Shop, archive: bool, slug: str) -> None:
    caller, old, session_id = shop.bought()
    shop.change(UUID(old["course_id"]), 2, amount=0, archive=archive)
    answer = shop.checkout(caller, UUID(old["course_id"]))
    assert (answer.status_code, answer.json()["type"]) == (409, PROBLEM + slug)
    assert shop.far_end.session(session_id)["status"] == "expired"


def test_an_outdated_order_that_was_paid_in_the_meantime_is_not_bought_again(shop: Shop) -> None:
    caller, old, session_id = shop.bought()
    shop.far_end.pay(session_id)
    reprice(shop, old, 2, 2900, "USD")
    answer = shop.checkout(caller, UUID(old["course_id"]))
    assert (answer.status_code, answer.json()["type"]) == (409, PROBLEM + "already-purchased")
    assert shop.order(old["id"])["status"] == "paid"


def test_a_payment_under_way_is_kept_when_the_price_changes(shop: Shop) -> None:
    caller, old, session_id = shop.bought()
    shop.far_end.pay(session_id, "later")
    shop.deliver_all(session_id)
    assert shop.order(old["id"])["processing_at"]
    reprice(shop, old, 2, 2900, "USD")
    answer = shop.checkout(caller, UUID(old["course_id"]))
    assert (answer.status_code, answer.json()["id"]) == (200, old["id"])


def test_an_open_order_with_a_coupon_is_not_the_one_without(shop: Shop) -> None:
    caller, course, code = shop.harness.caller(), shop.sell(), coupon(shop, percent=10)
    order = shop.checkout(caller, course, extra={"coupon": code}).json()
    assert shop.checkout(caller, course, extra={"coupon": code}).json()["id"] == order["id"]
    refused = shop.checkout(caller, course)
    assert (refused.json()["type"], refused.json()["order_id"]) == (PROBLEM + "open-order-differs", order["id"])


def granted(caller: Caller, course: Any, order_id: Any = None) -> EnrollmentGranted:
    order = {"course_id": course, "id": order_id}
    event: EnrollmentGranted = enrolled(EnrollmentGranted, caller, order, uuid7(), 1)
    return event


def test_who_has_access_is_not_charged(shop: Shop) -> None:
    caller, course = shop.harness.caller(), shop.sell()
    event = granted(caller, course)
    shop.harness.deliver(event)
    refused = shop.checkout(caller, course)
    assert (refused.status_code, refused.json()["type"]) == (409, PROBLEM + "already-purchased")
    ended = {"enrollment_id": event.enrollment_id, "version": 2, "user_id": caller.user_id, "course_id": course}
    shop.harness.deliver(EnrollmentRevoked(**ended, course_title="Rust", grant_id=uuid7()))
    assert shop.checkout(caller, course).status_code == 201


def test_an_instructor_does_not_buy_the_own_course(shop: Shop) -> None:
    event = course_event()
    shop.harness.deliver(event)
    instructor = shop.harness.caller("instructor", "student", user_id=event.instructor_id)
    assert shop.checkout(instructor, event.course_id).json()["type"] == PROBLEM + "already-purchased"


def test_access_that_ends_with_a_refund_does_not_stand_in_the_way(shop: Shop) -> None:
    caller, order, session_id = shop.paid()
    shop.harness.deliver(granted(caller, order["course_id"], order["id"]))
    shop.far_end.refund(session_id)
    shop.deliver_all(session_id)
    assert shop.checkout(caller, UUID(order["course_id"])).status_code == 201


@pytest.mark.parametrize("heard", ["before the payment", "after the payment"])
def test_an_order_paid_by_who_has_access_already_reaches_access_granted(shop: Shop, heard: str) -> None:
    caller, order, session_id = shop.bought()
    free = granted(caller, order["course_id"])
    if heard == "before the payment":
        shop.harness.deliver(free)
    shop.far_end.pay(session_id)
    shop.deliver_all(session_id)
    if heard == "after the payment":
        assert "access_granted" not in steps(caller, order["id"])
        shop.harness.deliver(free)
    shop.deliver_all(session_id)
    assert steps(caller, order["id"])[-2:] == ["paid", "access_granted"]
