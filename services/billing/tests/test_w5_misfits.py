"""W5: payments that are not what they seem: nobody gets a course by them, and a person is told."""

import time
from typing import Any
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from services.billing.check_ledger import find_faults
from services.billing.tests.shop import Shop
from services.billing.tests.test_w7_lost_webhooks import mismatches
from shared.events import PaymentFailed, PaymentSucceeded
from shared.testing.harness import Caller

CREATE = {"method": "POST", "path": "/v1/checkout/sessions"}


def unopened(shop: Shop) -> tuple[Caller, dict[str, Any], dict[str, str]]:
    """An order whose session's answer never reached us, and the marks that its session would carry."""
    caller, course_id = shop.harness.caller(), shop.sell()
    shop.far_end.set_faults({"kind": "reset", **CREATE})
    shop.checkout(caller, course_id)
    shop.far_end.set_faults()
    [order] = caller.get("/api/v1/payments/orders").json()["items"]
    marks = {"user_id": str(caller.user_id), "course_id": str(course_id), "attempt": "1", "order_id": order["id"]}
    return caller, order, marks


def foreign_session(
    shop: Shop,
    reference: str,
    marks: dict[str, str],
    amount: int = 4900,
    currency: str = "usd",
    method: str = "card",
) -> str:
    """A paid session that somebody else made on the same Stripe account."""
    price = {"currency": currency, "unit_amount": amount, "product_data": {"name": "Rust"}}
    params: Any = {
        "mode": "payment",
        "client_reference_id": reference,
        "metadata": marks,
        "line_items": [{"quantity": 1, "price_data": price}],
        "success_url": "http://elsewhere.test/",
        "expires_at": int(time.time()) + 3600,
    }
    session = shop.far_end.client.v1.checkout.sessions.create(params)
    shop.far_end.pay(session.id, method)
    return session.id


def parked(shop: Shop, session_id: str) -> list[Any]:
    like = f"%{session_id}%"
    return shop.sql("SELECT status FROM inbox WHERE status = 'parked' AND last_error LIKE :like", like=like)


@pytest.mark.parametrize(("amount", "currency"), [(4899, "usd"), (4901, "usd"), (4900, "eur"), (50, "usd")])
def test_w5_a_payment_of_another_amount_or_currency_goes_to_review(
    shop: Shop, caplog: pytest.LogCaptureFixture, amount: int, currency: str
) -> None:
    caller, order, marks = unopened(shop)
    session_id = foreign_session(shop, order["id"], marks, amount, currency)
    shop.deliver_all(session_id)
    shop.deliver_all(session_id)
    assert shop.order(order["id"])["status"] == "review"
    assert not shop.told(order["id"], PaymentSucceeded)
    alerts = [message for message in caplog.messages if "ALERT" in message and order["id"] in message]
    assert len(alerts) == 1
    refused = shop.checkout(caller, UUID(order["course_id"]))
    assert refused.json()["type"] == "urn:academy:problem:payment-under-review"


def test_a_session_whose_answer_was_lost_is_recognised_by_its_marks(shop: Shop) -> None:
    _, order, marks = unopened(shop)
    shop.deliver_all(foreign_session(shop, order["id"], marks))
    assert shop.order(order["id"])["status"] == "paid"


@pytest.mark.parametrize("mark", ["user_id", "course_id", "order_id", "attempt"])
def test_w5_a_session_with_anothers_marks_pays_for_nothing(shop: Shop, mark: str) -> None:
    _, order, marks = unopened(shop)
    shop.deliver_all(foreign_session(shop, order["id"], {**marks, mark: str(uuid7())}))
    assert shop.order(order["id"])["status"] == "review"
    assert not shop.told(order["id"], PaymentSucceeded)


def test_w5_a_second_session_that_names_the_order_does_not_pay_it_and_its_own_still_can(shop: Shop) -> None:
    caller, order, session_id = shop.bought()
    marks = {"user_id": str(caller.user_id), "course_id": order["course_id"], "attempt": "1", "order_id": order["id"]}
    stray = foreign_session(shop, order["id"], marks)
    shop.deliver_all(stray)
    assert shop.order(order["id"])["status"] == "review"
    assert not shop.told(order["id"], PaymentSucceeded)
    shop.far_end.pay(session_id)
    shop.deliver_all(session_id)
    shop.far_end.refund(stray)
    shop.deliver_all(stray)
    read = shop.order(order["id"])
    assert (read["status"], read["stray_session"]) == ("paid", stray)
    assert len(shop.told(order["id"], PaymentSucceeded)) == 1


def test_a_stray_payment_that_went_back_needs_nobody_any_more_and_the_order_can_be_paid(own_shop: Shop) -> None:
    caller, order, session_id = own_shop.bought()
    stray = foreign_session(own_shop, order["id"], {})
    own_shop.deliver_all(stray)
    first = own_shop.far_end.refund(stray, 900)
    own_shop.deliver_all(stray)
    own_shop.run_job("reconcile")
    assert (own_shop.order(order["id"])["status"], mismatches(own_shop, order["id"])) == (
        "review",
        {"payment-in-review": "support"},
    )
    own_shop.far_end.refund(stray)
    own_shop.deliver_all(stray)
    own_shop.run_job("reconcile")
    assert (own_shop.order(order["id"])["status"], mismatches(own_shop, order["id"])) == ("pending", {})
    again = own_shop.checkout(caller, UUID(order["course_id"])).json()
    assert (again["id"], again["checkout_url"]) == (order["id"], order["checkout_url"])
    own_shop.far_end.pay(session_id)
    own_shop.deliver_all(session_id)
    assert (own_shop.order(order["id"])["status"], find_faults(own_shop.harness.database)) == ("paid", [])
    # The bank sends a part of it back: somebody is owed money again, and the learner keeps the course.
    own_shop.far_end.fail_refund(first)
    own_shop.deliver_all(stray)
    own_shop.run_job("reconcile")
    assert own_shop.order(order["id"])["status"] == "paid"
    assert mismatches(own_shop, order["id"]) == {"payment-in-review": "support"}


def test_w5_a_completed_but_unpaid_session_and_an_expired_one_enroll_nobody(shop: Shop) -> None:
    _, unpaid, session_id = shop.bought()
    shop.far_end.pay(session_id, "later")
    shop.deliver_all(session_id)
    _, expired, session_id = shop.bought()
    shop.far_end.client.v1.checkout.sessions.expire(session_id)
    shop.deliver_all(session_id)
    assert not shop.told(unpaid["id"], PaymentSucceeded)
    assert not shop.told(expired["id"], PaymentSucceeded)
    assert len(shop.told(expired["id"], PaymentFailed)) == 1


def test_a_paid_session_marked_as_ours_without_an_order_is_parked_for_a_person(shop: Shop) -> None:
    lost = str(uuid7())
    marks = {"order_id": lost, "user_id": str(uuid7()), "course_id": str(uuid7()), "attempt": "1"}
    session_id = foreign_session(shop, lost, marks)
    shop.deliver_all(session_id)
    assert len(parked(shop, session_id)) == 2


@pytest.mark.parametrize("reference", ["cart-4711", "0190163d-8694-739b-aea5-966c26f8ad91"])
def test_the_session_of_another_system_on_the_same_account_is_left_alone(shop: Shop, reference: str) -> None:
    session_id = foreign_session(shop, reference, {"order_id": reference})
    shop.deliver_all(session_id)
    assert not parked(shop, session_id)
