"""Who did what with power over money: one entry an act, from where, sealed, and listed for administrators alone."""

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from uuid_utils.compat import uuid7

from services.billing.tests.shop import Shop
from shared.auditing import chain
from shared.testing.harness import Caller

ADMIN = "/api/v1/admin/payments"


def refund(shop: Shop, admin: Caller) -> str:
    _, order, _ = shop.paid()
    answer = admin.post(f"{ADMIN}/{order['id']}/refunds", json={"amount": 100, "reason": "asked for by mail"})
    assert answer.status_code == 202
    return str(order["id"])


def give_back(shop: Shop, learner: Caller) -> str:
    order = shop.checkout(learner, shop.sell()).json()
    session_id = order["checkout_url"].rsplit("/", 1)[1]
    shop.far_end.pay(session_id)
    shop.deliver_all(session_id)
    url = f"/api/v1/payments/orders/{order['id']}/refunds"
    assert learner.post(url, json={"reason": "not for me"}).status_code == 202
    return str(order["id"])


def set_price(shop: Shop, admin: Caller) -> str:
    course_id = shop.sell()
    answer = admin.request("PUT", f"{ADMIN}/prices/{course_id}/EUR", json={"amount": 4500})
    assert answer.status_code == 200
    return str(course_id)


def make_coupon(shop: Shop, admin: Caller) -> str:
    answer = admin.post(f"{ADMIN}/coupons", json={"code": f"AUDIT-{uuid7().hex[-12:].upper()}", "percent": 10})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def end_coupon(shop: Shop, admin: Caller) -> str:
    coupon_id = make_coupon(shop, admin)
    assert admin.delete(f"{ADMIN}/coupons/{coupon_id}").status_code == 200
    return coupon_id


ACTS: dict[str, tuple[str, Any]] = {
    "refund.requested": ("admin", refund),
    "return.requested": ("student", give_back),
    "price.set": ("admin", set_price),
    "coupon.created": ("admin", make_coupon),
    "coupon.ended": ("admin", end_coupon),
}


def entries_about(shop: Shop, object_id: str) -> list[dict[str, Any]]:
    page = shop.harness.caller("admin").get(f"{ADMIN}/audit", params={"object_id": object_id}).json()
    return list(page["items"])


@pytest.mark.parametrize("act", ACTS)
def test_each_act_leaves_one_entry_of_who_did_it_and_from_where(shop: Shop, act: str) -> None:
    role, do = ACTS[act]
    doer = shop.harness.caller(role)
    newest = entries_about(shop, do(shop, doer))[0]
    action = "refund.requested" if act == "return.requested" else act
    assert (newest["action"], newest["actor_id"]) == (action, str(doer.user_id))
    assert newest["session_id"]
    assert newest["ip"]
    assert len(newest["request_id"]) >= 16


@pytest.mark.parametrize("change", ["UPDATE audit SET ip = ip", "DELETE FROM audit", "DELETE FROM audit_seals"])
def test_the_service_itself_may_only_add(shop: Shop, change: str) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"):
        shop.sql(change)


def test_a_refused_act_leaves_no_entry(shop: Shop) -> None:
    _, order, _ = shop.paid()
    answer = shop.harness.caller("admin").post(
        f"{ADMIN}/{order['id']}/refunds", json={"amount": 4901, "reason": "too much"}
    )
    assert answer.status_code == 422
    assert entries_about(shop, order["id"]) == []


def test_why_a_learner_wants_the_money_back_is_not_written_where_nobody_can_erase_it(shop: Shop) -> None:
    [entry] = entries_about(shop, give_back(shop, shop.harness.caller()))
    assert entry["details"].keys() == {"refund_request", "amount"}


def test_the_log_is_sealed_and_a_changed_amount_is_found(shop: Shop) -> None:
    order_id = refund(shop, shop.harness.caller("admin"))
    shop.run_job("seal-audit")
    database = shop.harness.database
    assert chain.verify_audit(database).findings == []
    [entry] = shop.sql("SELECT id, details FROM audit WHERE object_id = :id", id=order_id)
    change = text("UPDATE audit SET details = jsonb_set(details, '{amount}', to_jsonb(:amount)) WHERE id = :id")
    owner = shop.harness.academy.owner("billing")
    try:
        with owner.begin() as connection:
            connection.execute(change, {"id": entry.id, "amount": 1})
        assert [finding.split(" or ")[0] for finding in chain.verify_audit(database).findings] == [f"entry {entry.id}"]
        with owner.begin() as connection:
            connection.execute(change, {"id": entry.id, "amount": entry.details["amount"]})
    finally:
        owner.dispose()
    assert chain.verify_audit(database).findings == []
