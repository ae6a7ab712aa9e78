"""W6: however often somebody clicks, they owe once; and a late payment of an old order changes nothing."""

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest

from services.billing.tests.shop import Shop


@pytest.mark.parametrize("keys", ["equal", "different", "none"])
def test_w6_fifty_parallel_checkouts_make_one_order_and_one_session(shop: Shop, keys: str) -> None:
    caller, course_id = shop.harness.caller(), shop.sell()
    choices: dict[str, list[str | None]] = {"equal": ["same"] * 50, "none": [None] * 50}
    names = choices.get(keys) or [f"key-{n}" for n in range(50)]
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda key: shop.checkout(caller, course_id, key), names))
    assert {answer.status_code for answer in answers} <= {200, 201}
    assert len({answer.json()["checkout_url"] for answer in answers}) == 1
    [order_id] = {answer.json()["id"] for answer in answers}
    assert len(shop.far_end.sessions_of(order_id)) == 1
    assert len(shop.sql("SELECT 1 FROM orders WHERE course_id = :id", id=course_id)) == 1


def test_w6_a_late_payment_of_an_order_that_was_over_is_surplus_and_changes_nothing_else(shop: Shop) -> None:
    caller, old, old_session = shop.bought()
    shop.far_end.pay(old_session)
    refund = shop.far_end.refund(old_session)
    shop.deliver_all(old_session)
    new = shop.checkout(caller, UUID(old["course_id"])).json()
    new_session = new["checkout_url"].rsplit("/", 1)[1]
    shop.far_end.pay(new_session)
    shop.deliver_all(new_session)
    shop.far_end.fail_refund(refund)
    shop.deliver_all(old_session)
    assert (shop.order(old["id"])["status"], shop.order(old["id"])["surplus"]) == ("paid", True)
    assert (shop.order(new["id"])["status"], shop.order(new["id"])["surplus"]) == ("paid", False)
    admin = shop.harness.caller("admin")
    found = admin.get("/api/v1/admin/payments", params={"surplus": True, "course_id": old["course_id"]}).json()["items"]
    assert [item["id"] for item in found] == [old["id"]]
