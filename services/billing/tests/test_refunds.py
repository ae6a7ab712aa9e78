"""Money back: who may ask, how much, and that only Stripe's word makes it a refund."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from services.billing.tests.shop import Shop
from shared.events import CourseCompleted, LessonCompleted, LessonOpened, PaymentRefunded
from shared.testing.harness import Caller


def refund(shop: Shop, order_id: str, **wish: Any) -> Any:
    body = {"reason": "asked for by mail", **wish}
    return shop.harness.caller("admin").post(f"/api/v1/admin/payments/{order_id}/refunds", json=body)


def give_back(caller: Caller, order_id: str) -> Any:
    return caller.post(f"/api/v1/payments/orders/{order_id}/refunds", json={"reason": "not for me"})


def learn(
    shop: Shop, caller: Caller, course_id: str, done: int, lessons: int = 10, lesson_id: UUID | None = None
) -> None:
    shop.harness.deliver(
        LessonCompleted(
            enrollment_id=uuid7(),
            version=done,
            user_id=caller.user_id,
            course_id=UUID(course_id),
            lesson_id=lesson_id or uuid7(),
            completed_lessons=done,
            lesson_count=lessons,
        )
    )


def refunds_of(caller: Caller, order_id: str) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = caller.get(f"/api/v1/payments/orders/{order_id}/refunds").json()
    return listed


def test_a_refund_waits_for_stripe_and_ends_the_access_with_the_last_cent(shop: Shop) -> None:
    caller, order, session_id = shop.paid()
    part = refund(shop, order["id"], amount=900)
    assert (part.status_code, part.json()["status"]) == (202, "requested")
    assert shop.order(order["id"])["status"] == "refund_pending"
    assert not shop.told(order["id"], PaymentRefunded)
    shop.work()
    assert shop.order(order["id"])["status"] == "partly_refunded"
    assert refund(shop, order["id"]).json()["amount"] == {"amount": 4000, "currency": "USD"}
    shop.work()
    shop.deliver_all(session_id)
    assert shop.order(order["id"])["status"] == "refunded"
    assert [(e.refunded_amount, e.full) for e in shop.told(order["id"], PaymentRefunded)] == [
        (900, False),
        (4900, True),
    ]
    assert [item["status"] for item in refunds_of(caller, order["id"])] == ["succeeded", "succeeded"]


@pytest.mark.parametrize("role", ["student", "instructor", "support"])
def test_only_administrators_refund_what_others_paid(shop: Shop, role: str) -> None:
    _, order, _ = shop.paid()
    url = f"/api/v1/admin/payments/{order['id']}/refunds"
    assert shop.harness.caller(role).post(url, json={"reason": "because"}).status_code == 403
    assert not shop.sql("SELECT 1 FROM refund_requests WHERE order_id = :id", id=order["id"])


@pytest.mark.parametrize("amount", [0, -1, 4901, 10**12, "all", 1.5])
def test_an_amount_that_was_not_paid_cannot_go_back(shop: Shop, amount: Any) -> None:
    _, order, _ = shop.paid()
    answer = refund(shop, order["id"], amount=amount)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "amount")


def test_what_is_on_its_way_back_cannot_go_back_again(shop: Shop) -> None:
    _, order, _ = shop.paid()
    assert refund(shop, order["id"], amount=4000).status_code == 202
    assert refund(shop, order["id"], amount=901).status_code == 422
    assert refund(shop, order["id"]).json()["amount"]["amount"] == 900
    assert refund(shop, order["id"]).json()["type"] == "urn:academy:problem:nothing-to-refund"


def test_an_unpaid_or_unknown_order_has_nothing_to_give_back(shop: Shop) -> None:
    caller, order, _ = shop.bought()
    assert refund(shop, order["id"]).json()["type"] == "urn:academy:problem:nothing-to-refund"
    assert give_back(caller, order["id"]).json()["type"] == "urn:academy:problem:nothing-to-refund"
    assert refund(shop, str(uuid7())).status_code == 404


def test_a_refund_that_fails_gives_the_access_back_and_alerts(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    _, order, session_id = shop.paid()
    refund(shop, order["id"])
    shop.work()
    [row] = shop.sql("SELECT id FROM refunds WHERE order_id = :id", id=order["id"])
    shop.far_end.fail_refund(row.id)
    shop.deliver_all(session_id)
    assert shop.order(order["id"])["status"] == "paid"
    assert [e.full for e in shop.told(order["id"], PaymentRefunded)] == [True, False]
    assert len([m for m in caplog.messages if "ALERT a refund failed" in m and order["id"] in m]) == 1


def test_a_refund_that_the_bank_takes_days_for_stays_pending_until_it_answers(shop: Shop) -> None:
    _, order, session_id = shop.paid()
    shop.far_end.control("PUT", "/controls/refunds", {"status": "pending"})
    refund(shop, order["id"])
    shop.work()
    shop.far_end.control("PUT", "/controls/refunds", {})
    assert shop.order(order["id"])["status"] == "refund_pending"
    assert not shop.told(order["id"], PaymentRefunded)
    [row] = shop.sql("SELECT id FROM refunds WHERE order_id = :id", id=order["id"])
    shop.far_end.control("POST", f"/refunds/{row.id}/settle", {"outcome": "succeeded"})
    shop.deliver_all(session_id)
    assert shop.order(order["id"])["status"] == "refunded"


def test_a_refund_that_stripe_refuses_ends_and_alerts(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    caller, order, session_id = shop.paid()
    refund(shop, order["id"])
    shop.far_end.refund(session_id)
    shop.work()
    assert shop.order(order["id"])["status"] == "refunded"
    wish, foreign = refunds_of(caller, order["id"])
    assert (wish["status"], foreign["status"], foreign["id"]) == ("refused", "succeeded", None)
    assert "already been refunded" in wish["refusal"]
    assert [m for m in caplog.messages if "ALERT Stripe refuses a refund" in m and order["id"] in m]


@pytest.mark.parametrize("kind", ["reset_after_success", "500_after_success", "500", "reset", "409", "429"])
def test_whatever_stripe_answers_the_money_goes_back_once(shop: Shop, kind: str) -> None:
    _, order, _ = shop.paid()
    refund(shop, order["id"])
    shop.far_end.set_faults({"kind": kind, "times": 1, "method": "POST", "path": "/v1/refunds"})
    shop.work()
    shop.sql("UPDATE inbox SET next_attempt_at = now() WHERE status = 'pending'")
    shop.work()
    assert shop.order(order["id"])["status"] == "refunded"
    made = [
        r for r in shop.far_end.control("GET", "/ledger")["refunds"] if r["metadata"].get("order_id") == order["id"]
    ]
    assert [r["amount"] for r in made] == [4900]


def test_while_the_bank_decides_a_dispute_nothing_is_refunded_beside_it(shop: Shop) -> None:
    _, order, session_id = shop.paid()
    shop.far_end.dispute(session_id)
    shop.deliver_all(session_id)
    assert refund(shop, order["id"]).json()["type"] == "urn:academy:problem:payment-disputed"


def test_a_learner_returns_a_course_soon_after_paying(shop: Shop) -> None:
    caller, order, _ = shop.paid()
    learn(shop, caller, order["course_id"], 2)
    assert give_back(caller, order["id"]).status_code == 202
    shop.work()
    assert shop.order(order["id"])["status"] == "refunded"


def test_after_the_window_a_learner_must_ask(shop: Shop) -> None:
    caller, order, _ = shop.paid()
    shop.sql("UPDATE orders SET paid_at = now() - interval '15 days' WHERE id = :id", id=order["id"])
    answer = give_back(caller, order["id"])
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:academy:problem:refund-window-over")
    assert refund(shop, order["id"]).status_code == 202


def test_who_has_learned_much_must_ask_even_after_taking_marks_back(shop: Shop) -> None:
    caller, order, _ = shop.paid()
    learn(shop, caller, order["course_id"], 3)
    learn(shop, caller, order["course_id"], 1)
    answer = give_back(caller, order["id"])
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:academy:problem:refund-progress-over")
    assert "30 %" in answer.json()["detail"]


def read(shop: Shop, caller: Caller, course_id: str, done: int, lessons: int = 10) -> list[UUID]:
    """The lessons read, which are told twice."""
    ids = [uuid7() for _ in range(done)]
    for lesson_id in (*ids, *ids):
        event = LessonOpened(
            enrollment_id=uuid7(), user_id=caller.user_id, course_id=course_id, lesson_id=lesson_id,
            lesson_count=lessons,
        )  # fmt: skip
        shop.harness.deliver(event)
    return ids


@pytest.mark.parametrize(
    ("done", "lessons", "status"),
    [(2, 10, 202), (3, 10, 409), (2, 5, 202), (3, 5, 409), (2, 2, 202), (4, 20, 202), (5, 20, 409), (21, 100, 409)],
)
def test_who_has_read_more_than_a_part_and_two_lessons_must_ask(
    shop: Shop, done: int, lessons: int, status: int
) -> None:
    caller, order, _ = shop.paid()
    read(shop, caller, order["course_id"], done, lessons)
    answer = give_back(caller, order["id"])
    assert answer.status_code == status
    if status == 409:
        assert answer.json()["type"] == "urn:academy:problem:refund-progress-over"


def test_lessons_that_were_read_and_others_that_were_marked_count_together(shop: Shop) -> None:
    caller, order, _ = shop.paid()
    [lesson_id, _] = read(shop, caller, order["course_id"], 2)
    learn(shop, caller, order["course_id"], 1, lesson_id=lesson_id)
    learn(shop, caller, order["course_id"], 2)
    assert give_back(caller, order["id"]).status_code == 409


def test_what_was_read_before_a_return_counts_at_the_next_one(shop: Shop) -> None:
    caller, order, _ = shop.paid()
    read(shop, caller, order["course_id"], 1)
    assert give_back(caller, order["id"]).status_code == 202
    shop.work()
    again = shop.checkout(caller, UUID(order["course_id"])).json()
    session_id = again["checkout_url"].rsplit("/", 1)[1]
    shop.far_end.pay(session_id)
    shop.deliver_all(session_id)
    read(shop, caller, order["course_id"], 2)
    assert give_back(caller, again["id"]).status_code == 409


def test_a_learner_returns_three_courses_a_year(shop: Shop) -> None:
    caller, orders = shop.harness.caller(), []
    for _ in range(5):
        order = shop.checkout(caller, shop.sell()).json()
        session_id = order["checkout_url"].rsplit("/", 1)[1]
        shop.far_end.pay(session_id)
        shop.deliver_all(session_id)
        orders.append(order["id"])
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda order: give_back(caller, order), orders[:4]))
    assert sorted(answer.status_code for answer in answers) == [202, 202, 202, 409]
    refused = give_back(caller, orders[4])
    assert refused.json()["type"] == "urn:academy:problem:too-many-returns"
    assert refund(shop, orders[4]).status_code == 202, "an administrator decides otherwise"
    shop.sql(
        "UPDATE refund_requests SET created_at = now() - interval '366 days' WHERE requested_by = :id",
        id=caller.user_id,
    )
    left = [order for order, answer in zip(orders, answers, strict=False) if answer.status_code == 409]
    assert give_back(caller, left[0]).status_code == 202


def test_a_completed_course_cannot_be_returned(shop: Shop) -> None:
    caller, order, _ = shop.paid()
    shop.harness.deliver(
        CourseCompleted(
            enrollment_id=uuid7(),
            version=1,
            user_id=caller.user_id,
            course_id=order["course_id"],
            course_title="Rust",
            completed_at="2026-01-02T03:04:05Z",
        )
    )
    assert give_back(caller, order["id"]).status_code == 409


def test_anothers_order_cannot_be_returned_or_seen(shop: Shop) -> None:
    _, order, _ = shop.paid()
    stranger = shop.harness.caller()
    assert give_back(stranger, order["id"]).status_code == 404
    assert stranger.get(f"/api/v1/payments/orders/{order['id']}/refunds").status_code == 404


def test_a_refund_that_is_sent_twice_with_one_key_is_one_refund(shop: Shop) -> None:
    _, order, _ = shop.paid()
    admin, url = shop.harness.caller("admin"), f"/api/v1/admin/payments/{order['id']}/refunds"
    body, headers = {"amount": 100, "reason": "asked for by mail"}, {"Idempotency-Key": "once"}
    answers = [admin.post(url, json=body, headers=headers).json()["id"] for _ in range(3)]
    assert len(set(answers)) == 1
    shop.work()
    assert shop.order(order["id"])["refunded_amount"] == 100
