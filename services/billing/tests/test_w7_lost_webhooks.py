"""W7: every webhook is lost; reconciliation finds all payments, and at night everything agrees."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from prometheus_client import REGISTRY
from uuid_utils.compat import uuid7

from services.billing.tests.scale import scaled
from services.billing.tests.shop import Shop
from services.billing.tests.test_timeline import enrolled
from shared.events import EnrollmentGranted, EnrollmentRevoked, PaymentRefunded, PaymentSucceeded

ORDERS = scaled(30, full=1000)


def mismatches(shop: Shop, subject: Any) -> dict[str, str]:
    rows = shop.sql(
        "SELECT kind, owner FROM mismatches WHERE subject = :subject AND resolved_at IS NULL", subject=str(subject)
    )
    return {row.kind: row.owner for row in rows}


def grow_old(shop: Shop, order_id: str) -> None:
    for table, column in (("order_steps", "at"), ("enrollments", "heard_at")):
        shop.sql(f"UPDATE {table} SET {column} = {column} - interval '1 hour' WHERE order_id = :id", id=order_id)


def test_w7_orders_whose_webhooks_all_got_lost_are_paid_after_one_run_and_nothing_disagrees(own_shop: Shop) -> None:
    def paid_unheard(_: int) -> tuple[Any, dict[str, Any]]:
        caller, order, session_id = own_shop.bought()
        own_shop.far_end.pay(session_id)
        return caller, order

    with ThreadPoolExecutor(4) as pool:
        bought = list(pool.map(paid_unheard, range(ORDERS)))
    ids = [order["id"] for _, order in bought]
    mine = "id = ANY(CAST(:ids AS uuid[]))"
    own_shop.sql(f"UPDATE orders SET created_at = now() - interval '11 minutes' WHERE {mine}", ids=ids)
    own_shop.run_job("reconcile")
    assert {row.status for row in own_shop.sql(f"SELECT status FROM orders WHERE {mine}", ids=ids)} == {"paid"}
    told = own_shop.sql(
        "SELECT subject FROM outbox WHERE type = :type AND subject = ANY(:ids)", type="PaymentSucceeded", ids=ids
    )
    assert sorted(row.subject for row in told) == sorted(ids)
    for caller, order in bought:
        own_shop.harness.deliver(enrolled(EnrollmentGranted, caller, order, uuid7(), 1))
        grow_old(own_shop, order["id"])
    own_shop.run_job("compare-everything")
    assert not own_shop.sql("SELECT 1 FROM mismatches WHERE resolved_at IS NULL AND subject = ANY(:ids)", ids=ids)


def test_w7_the_hourly_pull_brings_what_no_webhook_brought(own_shop: Shop) -> None:
    _, order, session_id = own_shop.bought()
    own_shop.far_end.pay(session_id)
    own_shop.far_end.refund(session_id)
    own_shop.run_job("pull-events")
    own_shop.work()
    own_shop.run_job("pull-events")
    own_shop.work()
    assert own_shop.order(order["id"])["status"] == "refunded"
    assert [len(own_shop.told(order["id"], kind)) for kind in (PaymentSucceeded, PaymentRefunded)] == [1, 1]


def test_w7_the_nightly_comparison_finds_refunds_and_disputes_that_nobody_told(own_shop: Shop) -> None:
    _, refunded, session_id = own_shop.paid()
    own_shop.far_end.refund(session_id)
    _, disputed, session_id = own_shop.paid()
    own_shop.far_end.dispute(session_id)
    _, fresh, session_id = own_shop.bought()
    own_shop.far_end.pay(session_id)
    own_shop.run_job("compare-everything")
    assert [own_shop.order(o["id"])["status"] for o in (refunded, disputed, fresh)] == ["refunded", "disputed", "paid"]


def test_a_payment_that_stripe_does_not_know_is_a_mismatch_until_it_is_gone(own_shop: Shop) -> None:
    _, order, _ = own_shop.bought()
    own_shop.sql("UPDATE orders SET status = 'paid', paid_at = now(), paid_amount = 1 WHERE id = :id", id=order["id"])
    own_shop.run_job("compare-everything")
    assert mismatches(own_shop, order["id"]) == {"payment-unknown": "billing"}
    assert (REGISTRY.get_sample_value("recon_mismatch") or 0) >= 1
    listed = own_shop.harness.caller("support").get("/api/v1/admin/payments/mismatches", params={"limit": 1000}).json()
    assert [item["owner"] for item in listed if item["subject"] == order["id"]] == ["billing"]
    own_shop.sql("UPDATE orders SET status = 'failed', paid_at = NULL, paid_amount = 0 WHERE id = :id", id=order["id"])
    own_shop.run_job("compare-everything")
    assert mismatches(own_shop, order["id"]) == {}


def test_paid_without_access_and_access_without_payment_are_catalogs_matter(own_shop: Shop) -> None:
    caller, order, session_id = own_shop.paid()
    grow_old(own_shop, order["id"])
    own_shop.run_job("compare-everything")
    assert mismatches(own_shop, order["id"]) == {"access-missing": "catalog"}
    enrollment = uuid7()
    own_shop.harness.deliver(enrolled(EnrollmentGranted, caller, order, enrollment, 1))
    own_shop.far_end.refund(session_id)
    own_shop.deliver_all(session_id)
    grow_old(own_shop, order["id"])
    own_shop.run_job("compare-everything")
    assert mismatches(own_shop, order["id"]) == {"access-left": "catalog"}
    own_shop.harness.deliver(enrolled(EnrollmentRevoked, caller, order, enrollment, 2))
    own_shop.run_job("compare-everything")
    assert mismatches(own_shop, order["id"]) == {}


@pytest.mark.parametrize("role", ["student", "instructor"])
def test_mismatches_are_for_support_and_administrators(own_shop: Shop, role: str) -> None:
    assert own_shop.harness.caller(role).get("/api/v1/admin/payments/mismatches").status_code == 403
