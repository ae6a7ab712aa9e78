"""What meets on one order or one course: facts at once, a refund after a lost dispute, a payment that comes late."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import text
from uuid_utils.compat import uuid7

from services.billing.orders import find_order_for_update
from services.billing.refunds import Outcome, settle_refund
from services.billing.sightings import Dispute, Refund
from services.billing.tests.shop import Shop
from services.billing.tests.test_coupons import coupon, used
from services.billing.tests.test_ledger import booked
from services.billing.tests.test_refunds import refund, refunds_of
from shared.events import PaymentSucceeded
from shared.testing import wait_until


def see(shop: Shop, session_id: str, refunds: dict[str, Refund], disputes: dict[str, Dispute]) -> None:
    """Stripe's view of a session, with these refunds and disputes beside what the simulator has."""
    intake = shop.harness.worker.handlers.intakes["stripe"]
    seen = intake.prepare(shop.harness.database, {"session_id": session_id})
    with shop.harness.database.begin() as session:
        intake.handle(session, replace(seen, refunds=refunds, disputes=disputes))


def looked_at(shop: Shop, session_id: str) -> Callable[[], None]:
    """Looks at a session that is open now; the result handles it as paid, whatever became of it at Stripe."""
    intake = shop.harness.worker.handlers.intakes["stripe"]
    seen = intake.prepare(shop.harness.database, {"session_id": session_id})

    def pay_late() -> None:
        with shop.harness.database.begin() as session:
            intake.handle(session, replace(seen, paid_at=datetime.now(UTC), intent_id=f"pi_{uuid7().hex}"))

    return pay_late


def named(prefix: str) -> str:
    """A name at Stripe that no other test has."""
    return f"{prefix}_{uuid7().hex}"


def test_an_order_that_was_refunded_in_full_stays_refunded_when_a_dispute_is_lost(shop: Shop) -> None:
    _, order, session_id = shop.paid()
    back, disputed = {named("re"): Refund(4900, "succeeded")}, named("dp")
    see(shop, session_id, back, {})
    for status in ("open", "lost"):
        see(shop, session_id, back, {disputed: Dispute(4900, status)})
        assert shop.order(order["id"])["status"] == "refunded"


def test_what_is_refunded_after_a_lost_dispute_adds_up_to_what_was_paid(shop: Shop) -> None:
    _, order, session_id = shop.paid()
    lost, refunds = {named("dp"): Dispute(1001, "lost")}, {}
    see(shop, session_id, {}, lost)
    for amount in (1333, 2566):
        refunds[named("re")] = Refund(amount, "succeeded")
        see(shop, session_id, refunds, lost)
    shares = {account: amount for account, amount in booked(shop, order["id"]).items() if "stripe" not in account}
    assert shares == {}


def test_a_surplus_order_does_not_make_another_one_surplus(shop: Shop) -> None:
    caller, late, session_id = shop.bought()
    pay_late = looked_at(shop, session_id)
    shop.far_end.client.v1.checkout.sessions.expire(session_id)
    shop.deliver_all(session_id)
    paid = shop.checkout(caller, UUID(late["course_id"])).json()
    shop.far_end.pay(paid["checkout_url"].rsplit("/", 1)[1])
    shop.deliver_all(paid["checkout_url"].rsplit("/", 1)[1])
    shop.sql("UPDATE orders SET surplus = true WHERE id = :id", id=paid["id"])
    pay_late()
    assert (shop.order(late["id"])["status"], shop.order(late["id"])["surplus"]) == ("paid", False)


def test_a_refusal_that_comes_after_the_refund_was_seen_changes_nothing(shop: Shop) -> None:
    caller, order, _ = shop.paid()
    request_id = UUID(refund(shop, order["id"], amount=900).json()["id"])
    shop.work()
    with shop.harness.database.begin() as session:
        settle_refund(session, Outcome(request_id, "too late", None))
    [row] = shop.sql("SELECT status, refusal FROM refund_requests WHERE id = :id", id=request_id)
    assert (row.status, row.refusal) == ("sent", "")
    assert [item["status"] for item in refunds_of(caller, order["id"])] == ["succeeded"]


def test_a_late_payment_settles_though_a_newer_order_holds_the_coupon(shop: Shop) -> None:
    code, caller = coupon(shop, percent=10), shop.harness.caller()
    late = shop.checkout(caller, shop.sell(), extra={"coupon": code}).json()
    session_id = late["checkout_url"].rsplit("/", 1)[1]
    pay_late = looked_at(shop, session_id)
    shop.far_end.client.v1.checkout.sessions.expire(session_id)
    shop.deliver_all(session_id)
    assert shop.checkout(caller, shop.sell(), extra={"coupon": code}).status_code == 201
    pay_late()
    assert (shop.order(late["id"])["status"], used(shop, code)) == ("paid", 1)
    assert len(shop.told(late["id"], PaymentSucceeded)) == 1


def test_two_facts_of_one_order_wait_for_each_other(shop: Shop) -> None:
    _, order, _ = shop.paid()
    order_id = UUID(order["id"])
    waiting = text("SELECT count(*) > 0 FROM pg_stat_activity WHERE :pid = ANY(pg_blocking_pids(pid))")
    with ThreadPoolExecutor(1) as pool, shop.harness.database.begin() as session:
        assert find_order_for_update(session, order_id)
        pid = session.scalar(text("SELECT pg_backend_pid()"))
        other = pool.submit(refund, shop, order["id"], amount=900)
        wait_until(lambda: shop.harness.database.ask(waiting, pid=pid), what="the second one waits")
        session.commit()
        assert other.result().status_code == 202


def test_an_order_without_a_page_is_kept_until_its_attempt_is_over(shop: Shop) -> None:
    _, order, _ = shop.bought()
    waiting = "UPDATE orders SET session_id = NULL, created_at = now() - interval '11 minutes', checked_at = NULL"
    own = {"id": order["id"]}
    shop.sql(f"{waiting}, attempt_expires_at = now() + interval '5 minutes' WHERE id = :id", **own)
    shop.run_job("reconcile")
    assert shop.order(order["id"])["status"] == "pending"
    shop.sql(f"{waiting}, attempt_expires_at = now() WHERE id = :id", **own)
    shop.run_job("reconcile")
    assert (shop.order(order["id"])["status"], shop.order(order["id"])["failure"]) == ("failed", "not_opened")
