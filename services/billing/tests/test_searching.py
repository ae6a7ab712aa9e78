"""An administrator finds payments by whatever is at hand, and takes all of them home as CSV."""

import csv
import io
from typing import Any

import pytest

from services.billing.tests.shop import Shop, course_event

ADMIN = "/api/v1/admin/payments"


def found(shop: Shop, **query: Any) -> list[str]:
    answer = shop.harness.caller("support").get(ADMIN, params={**query, "limit": 100})
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["items"]]


def test_an_order_is_found_by_every_id_that_names_it(shop: Shop) -> None:
    caller, order, session_id = shop.paid()
    refund = shop.far_end.refund(session_id, 100)
    shop.deliver_all(session_id)
    [payment] = shop.sql("SELECT id FROM payments WHERE order_id = :id", id=order["id"])
    [invoice] = shop.sql("SELECT number FROM documents WHERE order_id = :id AND kind = 'invoice'", id=order["id"])
    for query in (order["id"], str(caller.user_id), session_id, payment.id, refund, invoice.number.lower()):
        assert found(shop, query=query) == [order["id"]]
    assert found(shop, query="'; DROP TABLE orders; --") == []
    assert shop.harness.caller("admin").get(ADMIN, params={"query": "x" * 300}).status_code == 422


def test_filters_narrow_by_course_time_currency_and_instructor(shop: Shop) -> None:
    _, order, _ = shop.paid()
    course = {"course_id": order["course_id"]}
    [line] = shop.sql("SELECT instructor_id FROM order_lines WHERE order_id = :id", id=order["id"])
    day = order["created_at"][:10]
    for query in ({"currency": "USD"}, {"since": f"{day}T00:00:00Z"}, {"instructor_id": str(line.instructor_id)}):
        assert found(shop, **course, **query) == [order["id"]]
    for query in ({"currency": "EUR"}, {"until": f"{day}T00:00:00Z"}, {"instructor_id": order["course_id"]}):
        assert found(shop, **course, **query) == []
    assert shop.harness.caller("admin").get(ADMIN, params={"since": "yesterday"}).status_code == 422
    for side in ("since", "until"):
        far_east = {side: "2083-12-23T19:08:12+21:04"}
        assert shop.harness.caller("admin").get(ADMIN, params=far_east).status_code == 200


def test_the_export_holds_every_order_once_and_no_formula(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.billing.searching.EXPORT_PAGE", 2)
    event = course_event(title='=HYPERLINK("http://evil.test")')
    shop.harness.deliver(event)
    made = [shop.checkout(shop.harness.caller(), event.course_id).json()["id"] for _ in range(5)]
    answer = shop.harness.caller("admin").get(f"{ADMIN}/export", params={"course_id": str(event.course_id)})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["id"] for row in rows] == made[::-1]
    assert {row["course_title"] for row in rows} == {'\'=HYPERLINK("http://evil.test")'}
    assert {(row["amount"], row["currency"], row["status"]) for row in rows} == {("4900", "USD", "pending")}


@pytest.mark.parametrize("role", ["student", "instructor"])
def test_nobody_else_exports(shop: Shop, role: str) -> None:
    assert shop.harness.caller(role).get(f"{ADMIN}/export").status_code == 403
