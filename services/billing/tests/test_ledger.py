"""The books: every movement is a posting that sums to zero, and the parts of it belong to somebody."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from services.billing.check_ledger import find_faults
from services.billing.ledger import Entry, Posting, Unbalanced, post
from services.billing.tests.shop import Shop
from services.billing.tests.splits import check_split

# 4900 with 19 % of tax in it: 782; of the 4118 net 70 % are the instructor's.
TAX, INSTRUCTOR, ACADEMY = 782, 2882, 1236


def booked(shop: Shop, order_id: str) -> dict[str, int]:
    rows = shop.sql(
        "SELECT account, sum(amount) AS total FROM ledger_entries WHERE order_id = :id GROUP BY account", id=order_id
    )
    return {row.account: int(row.total) for row in rows if row.total}


def instructor_of(shop: Shop, order_id: str) -> UUID:
    [row] = shop.sql("SELECT instructor_id FROM order_lines WHERE order_id = :id", id=order_id)
    return UUID(str(row.instructor_id))


def test_a_payment_is_booked_as_tax_share_revenue_and_fee(shop: Shop) -> None:
    _, order, session_id = shop.paid()
    shop.deliver_all(session_id)
    fee = 172
    assert booked(shop, order["id"]) == {
        "stripe_balance": 4900 - fee,
        "stripe_fees": fee,
        "tax_payable": -TAX,
        "instructor_payable": -INSTRUCTOR,
        "course_revenue": -ACADEMY,
    }


def test_what_goes_back_in_pieces_adds_up_to_the_whole(shop: Shop) -> None:
    _, order, session_id = shop.paid()
    for piece in (1, 333, 1, 777):
        shop.far_end.refund(session_id, piece)
        shop.deliver_all(session_id)
    shop.far_end.refund(session_id)
    shop.deliver_all(session_id)
    assert booked(shop, order["id"]) == {"stripe_balance": -172, "stripe_fees": 172}


def test_a_refund_that_fails_is_booked_back(shop: Shop) -> None:
    _, order, session_id = shop.paid()
    before = booked(shop, order["id"])
    refund = shop.far_end.refund(session_id, 1000)
    shop.deliver_all(session_id)
    assert booked(shop, order["id"]) != before
    shop.far_end.fail_refund(refund)
    shop.deliver_all(session_id)
    assert booked(shop, order["id"]) == before


@pytest.mark.parametrize("outcome", ["won", "lost"])
def test_disputed_money_is_held_until_the_bank_decides(shop: Shop, outcome: str) -> None:
    _, order, session_id = shop.paid()
    dispute = shop.far_end.dispute(session_id)
    shop.deliver_all(session_id)
    assert booked(shop, order["id"])["disputed_funds"] == 4900
    shop.far_end.close_dispute(dispute, outcome)
    shop.deliver_all(session_id)
    books = booked(shop, order["id"])
    assert "disputed_funds" not in books
    assert books["stripe_fees"] == 172 + 1500
    assert books.get("instructor_payable", 0) == (-INSTRUCTOR if outcome == "won" else 0)


def test_money_that_does_not_fit_belongs_to_nobody_until_it_went_back(shop: Shop) -> None:
    _, order, session_id = shop.bought()
    shop.sql("UPDATE orders SET amount = 5000 WHERE id = :id", id=order["id"])
    shop.far_end.pay(session_id)
    shop.deliver_all(session_id)
    assert booked(shop, order["id"])["unallocated_payments"] == -4900
    shop.far_end.refund(session_id)
    shop.deliver_all(session_id)
    assert "unallocated_payments" not in booked(shop, order["id"])


def test_the_check_finds_nothing_in_honest_books_and_names_what_was_forged(shop: Shop) -> None:
    _, order, _ = shop.paid()
    database = shop.harness.database
    assert find_faults(database) == []
    forged = "UPDATE ledger_entries SET amount = amount + 1 WHERE order_id = :id AND account = 'tax_payable'"
    shop.sql(forged, id=order["id"])
    faults = find_faults(database)
    shop.sql(forged.replace("+ 1", "- 1"), id=order["id"])
    assert len(faults) == 2
    assert "postings do not sum to zero" in faults[0]
    assert "totals differ" in faults[1]


def test_a_posting_that_does_not_sum_to_zero_is_never_written(shop: Shop) -> None:
    crooked = Posting("crooked", "USD", datetime.now(UTC), (Entry("bank", 2), Entry("stripe_balance", -1)))
    with shop.harness.database.begin() as session, pytest.raises(Unbalanced):
        post(session, crooked)
    assert not shop.sql("SELECT 1 FROM ledger_entries WHERE posting = 'crooked'")


def test_revenue_is_kept_by_day_course_instructor_and_currency(shop: Shop) -> None:
    _, order, session_id = shop.paid()
    shop.far_end.refund(session_id, 900)
    shop.deliver_all(session_id)
    admin = shop.harness.caller("admin")
    parts = {
        "day": datetime.now(UTC).date().isoformat(),
        "course": order["course_id"],
        "instructor": str(instructor_of(shop, order["id"])),
        "currency": None,
    }
    for group, key in parts.items():
        query = {"group": group, "course_id": order["course_id"]}
        [row] = admin.get("/api/v1/admin/payments/revenue", params=query).json()
        assert (row["key"], row["currency"], row["gross"]) == (key, "USD", 4000)
        assert row["tax"] + row["instructors"] + row["academy"] == 4000
    assert admin.get("/api/v1/admin/payments/revenue", params={"group": "colour"}).status_code == 422
    assert shop.harness.caller("instructor").get("/api/v1/admin/payments/revenue?group=day").status_code == 403


def test_a_statement_that_would_not_add_up_is_refused(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.billing.earnings.LONGEST_STATEMENT", 1)
    _, order, session_id = shop.paid()
    me = shop.harness.caller("instructor", user_id=instructor_of(shop, order["id"]))
    assert me.get("/api/v1/payments/earnings").status_code == 200
    shop.far_end.refund(session_id, 900)
    shop.deliver_all(session_id)
    refused = me.get("/api/v1/payments/earnings")
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "since")


def test_an_instructor_sees_what_was_earned_and_paid_out_and_nobody_is_paid_twice(shop: Shop) -> None:
    _, order, _ = shop.paid()
    instructor = instructor_of(shop, order["id"])
    admin, me = shop.harness.caller("admin"), shop.harness.caller("instructor", user_id=instructor)
    payout: dict[str, Any] = {
        "instructor_id": str(instructor),
        "payout": {"amount": INSTRUCTOR, "currency": "USD"},
        "reference": "SEPA 1",
    }
    headers = {"Idempotency-Key": str(uuid7())}
    answers = [admin.post("/api/v1/admin/payments/payouts", json=payout, headers=headers) for _ in range(2)]
    assert {answer.status_code for answer in answers} == {201}
    again = admin.post("/api/v1/admin/payments/payouts", json=payout)
    assert (again.status_code, again.json()["type"]) == (409, "urn:academy:problem:payout-too-large")
    [statement] = me.get("/api/v1/payments/earnings").json()
    assert [m["amount"] for m in statement["movements"]] == [INSTRUCTOR, -INSTRUCTOR]
    assert (statement["opening"], statement["closing"]) == (0, 0)
    later = me.get(
        "/api/v1/payments/earnings", params={"since": "2099-01-01T00:00:00Z", "until": "2100-01-01T00:00:00Z"}
    )
    assert [part["movements"] for part in later.json()] == [[]]
    assert shop.harness.caller().get("/api/v1/payments/earnings").status_code == 403


@pytest.mark.parametrize("first", range(0, 500, 100))
def test_whatever_the_pieces_the_shares_add_up(first: int) -> None:
    for seed in range(first, first + 100):
        check_split(seed)
