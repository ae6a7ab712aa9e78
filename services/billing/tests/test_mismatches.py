"""D10: whatever does not agree is a row with its cause and its owner, and closed when it agrees again."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from prometheus_client import REGISTRY
from uuid_utils.compat import uuid7

from services.billing.mismatches import OWN_CHECKS
from services.billing.tests.shop import Shop, event_body
from services.billing.tests.test_timeline import enrolled
from services.billing.tests.test_w5_misfits import foreign_session
from services.billing.tests.test_w7_lost_webhooks import grow_old, mismatches
from shared.events import (
    CertificateIssued,
    CertificateRestored,
    CertificateRevoked,
    CourseCompleted,
    EnrollmentGranted,
    EnrollmentRevoked,
)

Mend = Callable[[], object]
Story = Callable[[Shop], tuple[str, Mend]]


def in_review(shop: Shop) -> tuple[str, Mend]:
    _, order, session_id = shop.bought()
    shop.sql("UPDATE orders SET amount = 1 WHERE id = :id", id=order["id"])
    shop.far_end.pay(session_id)
    shop.deliver_all(session_id)

    def give_back() -> None:
        shop.far_end.refund(session_id)
        shop.deliver_all(session_id)

    return order["id"], give_back


def surplus(shop: Shop) -> tuple[str, Mend]:
    caller, old, old_session = shop.paid()
    refund = shop.far_end.refund(old_session)
    shop.deliver_all(old_session)
    new = shop.checkout(caller, UUID(old["course_id"])).json()
    new_session = new["checkout_url"].rsplit("/", 1)[1]
    shop.far_end.pay(new_session)
    shop.deliver_all(new_session)
    shop.far_end.fail_refund(refund)
    shop.deliver_all(old_session)

    def give_back() -> None:
        shop.far_end.refund(old_session)
        shop.deliver_all(old_session)

    return old["id"], give_back


def refund_stuck(shop: Shop) -> tuple[str, Mend]:
    _, order, _ = shop.paid()
    body = {"amount": 100, "reason": "because"}
    wish = shop.harness.caller("admin").post(f"/api/v1/admin/payments/{order['id']}/refunds", json=body).json()
    age = "UPDATE refund_requests SET created_at = now() - interval '11 minutes' WHERE id = :id"
    shop.sql(age, id=wish["id"])
    return wish["id"], shop.work


def parked(shop: Shop) -> tuple[str, Mend]:
    event_id = f"evt_{uuid7().hex}"
    assert shop.send(event_body(id=event_id, type="charge.refunded", data={"object": None})).status_code == 200
    shop.work()
    return event_id, lambda: shop.sql("UPDATE inbox SET status = 'done' WHERE event_id = :id", id=event_id)


def unknown_order(shop: Shop) -> tuple[str, Mend]:
    lost = str(uuid7())
    marks = {"order_id": lost, "user_id": str(uuid7()), "course_id": str(uuid7()), "attempt": "1"}
    session_id = foreign_session(shop, lost, marks)
    restored = """WITH kept AS (
        INSERT INTO orders (id, user_id, course_id, course_title, amount, currency, attempt_expires_at)
        VALUES (:id, :user_id, :course_id, 'Rust', 4900, 'USD', now()) RETURNING *)
        INSERT INTO order_lines
        SELECT id, 0, course_id, course_title, amount, 0, amount, gen_random_uuid(), 7000 FROM kept"""
    ids = {"id": lost, "user_id": marks["user_id"], "course_id": marks["course_id"]}
    return session_id, lambda: shop.sql(restored, **ids)


def certificate(cls: Any, user_id: UUID, course_id: str, version: int) -> Any:
    more = {"issued_at": datetime.now(UTC)} if cls is CertificateIssued else {}
    course: Any = {"course_id": course_id, "course_title": "Rust", "code": "AAAA-BBBB"}
    return cls(certificate_id=uuid7(), version=version, user_id=user_id, **course, **more)


def without_certificate(shop: Shop) -> tuple[str, Mend]:
    user_id, course_id = uuid7(), str(uuid7())
    completed = CourseCompleted(
        enrollment_id=uuid7(),
        version=1,
        user_id=user_id,
        course_id=UUID(course_id),
        course_title="Rust",
        completed_at=datetime.now(UTC),
    )
    shop.harness.deliver(completed)
    age = "UPDATE progress SET completed_at = completed_at - interval '11 minutes' WHERE user_id = :id"
    shop.sql(age, id=user_id)
    issued = certificate(CertificateIssued, user_id, course_id, 1)
    return f"{user_id}/{course_id}", lambda: shop.harness.deliver(issued)


def certificate_left(shop: Shop) -> tuple[str, Mend]:
    """Refunded, the access ended; the certificate was taken back once, restored, and now stands without an access."""
    caller, order, _ = shop.paid()
    enrollment = uuid7()
    kinds: tuple[Any, ...] = (CertificateIssued, CertificateRevoked, CertificateRestored)
    for version, kind in enumerate(kinds, 1):
        shop.harness.deliver(certificate(kind, caller.user_id, order["course_id"], version))
    shop.harness.deliver(enrolled(EnrollmentGranted, caller, order, enrollment, 1))
    shop.harness.deliver(enrolled(EnrollmentRevoked, caller, order, enrollment, 2))
    grow_old(shop, order["id"])
    shop.sql("UPDATE orders SET status = 'refunded' WHERE id = :id", id=order["id"])
    revoked = certificate(CertificateRevoked, caller.user_id, order["course_id"], 4)
    return f"{caller.user_id}/{order['course_id']}", lambda: shop.harness.deliver(revoked)


STORIES: dict[str, tuple[str, Story]] = {
    "payment-in-review": ("support", in_review),
    "surplus-payment": ("support", surplus),
    "refund-stuck": ("billing", refund_stuck),
    "event-parked": ("billing", parked),
    "order-unknown": ("billing", unknown_order),
    "certificate-missing": ("certificates", without_certificate),
    "certificate-left": ("certificates", certificate_left),
}
# Told in test_w7_lost_webhooks.py.
TOLD_ELSEWHERE = {"access-missing", "access-left"}


def test_every_check_of_our_own_tables_has_its_story() -> None:
    assert {kind for kind, *_ in OWN_CHECKS} <= STORIES.keys() | TOLD_ELSEWHERE


@pytest.mark.parametrize("kind", STORIES)
def test_what_does_not_agree_has_a_cause_and_an_owner_until_it_agrees(own_shop: Shop, kind: str) -> None:
    owner, story = STORIES[kind]
    subject, mend = story(own_shop)
    own_shop.run_job("compare-everything")
    assert mismatches(own_shop, subject) == {kind: owner}
    [row] = own_shop.sql(
        "SELECT cause FROM mismatches WHERE subject = :subject AND resolved_at IS NULL", subject=subject
    )
    assert len(row.cause) > 20
    mend()
    own_shop.run_job("compare-everything")
    assert mismatches(own_shop, subject) == {}
    [still] = own_shop.sql("SELECT count(*) AS open FROM mismatches WHERE resolved_at IS NULL")
    assert REGISTRY.get_sample_value("recon_mismatch") == still.open


def test_an_order_that_cannot_be_settled_does_not_keep_the_others_from_being_compared(own_shop: Shop) -> None:
    _, broken, broken_session = own_shop.bought()
    [line] = own_shop.sql("DELETE FROM order_lines WHERE order_id = :id RETURNING *", id=broken["id"])
    _, refunded, session_id = own_shop.paid()
    own_shop.far_end.pay(broken_session)
    own_shop.far_end.refund(session_id)
    own_shop.run_job("compare-everything")
    assert own_shop.order(refunded["id"])["status"] == "refunded"
    assert mismatches(own_shop, broken_session) == {"order-unsettled": "billing"}
    again = """INSERT INTO order_lines VALUES (:order_id, :position, :course_id, :title, :list_amount, :discount,
               :amount, :instructor_id, :instructor_share)"""
    own_shop.sql(again, **line._mapping)
    own_shop.run_job("compare-everything")
    assert (mismatches(own_shop, broken_session), own_shop.order(broken["id"])["status"]) == ({}, "paid")


def test_a_book_that_does_not_balance_is_a_mismatch_until_it_does(own_shop: Shop) -> None:
    _, order, _ = own_shop.paid()
    [posting] = own_shop.sql("SELECT id, amount FROM payments WHERE order_id = :id", id=order["id"])
    own_shop.sql("UPDATE payments SET amount = amount + 1 WHERE id = :id", id=posting.id)
    own_shop.run_job("compare-everything")
    unbalanced = "SELECT owner FROM mismatches WHERE kind = 'books-unbalanced' AND resolved_at IS NULL"
    assert {row.owner for row in own_shop.sql(unbalanced)} == {"billing"}
    own_shop.sql("UPDATE payments SET amount = amount - 1 WHERE id = :id", id=posting.id)
    own_shop.run_job("compare-everything")
    assert own_shop.sql(unbalanced) == []
