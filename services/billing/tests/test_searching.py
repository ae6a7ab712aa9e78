"""An administrator finds payments by whatever is at hand, and takes all of them home as CSV."""

import csv
import io
from typing import Any

import pytest
from uuid_utils.compat import uuid7

from services.billing.tests.shop import Shop, course_event
from services.billing.tests.test_timeline import steps
from services.billing.tests.test_w5_misfits import foreign_session

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
    wish = shop.harness.caller("admin").post(f"{ADMIN}/{order['id']}/refunds", json={"amount": 100, "reason": "asked"})
    dispute = shop.far_end.dispute(session_id)
    shop.deliver_all(session_id)
    for query in (wish.json()["id"], dispute):
        assert found(shop, query=query) == [order["id"]]
    assert found(shop, query="'; DROP TABLE orders; --") == []
    assert shop.harness.caller("admin").get(ADMIN, params={"query": "x" * 300}).status_code == 422


def test_an_order_is_found_by_a_paid_session_that_names_it_and_is_not_its_own(shop: Shop) -> None:
    _, order, _ = shop.bought()
    stray = foreign_session(shop, order["id"], {})
    shop.deliver_all(stray)
    assert found(shop, query=stray) == [order["id"]]


def test_support_reads_why_anybodys_order_is_what_it_is(shop: Shop) -> None:
    caller, order, session_id = shop.paid()
    shop.far_end.refund(session_id, 100)
    dispute = shop.far_end.dispute(session_id)
    shop.deliver_all(session_id)
    url = f"{ADMIN}/{order['id']}/history"
    told = shop.harness.caller("support").get(url).json()
    assert (told["order"]["id"], told["order"]["user_id"]) == (order["id"], str(caller.user_id))
    assert [step["step"] for step in told["steps"]] == steps(caller, order["id"])
    assert [refund["amount"]["amount"] for refund in told["refunds"]] == [100]
    [questioned] = told["disputes"]
    assert (questioned["id"], questioned["status"], questioned["amount"]["amount"]) == (dispute, "open", 4900)
    assert [document["kind"] for document in told["documents"]] == ["invoice", "receipt", "credit_note"]
    assert caller.get(url).status_code == 403
    assert shop.harness.caller("admin").get(f"{ADMIN}/{uuid7()}/history").status_code == 404


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


def exported(shop: Shop, title: str, **query: str) -> tuple[str, bytes]:
    """The line of an order for a course of this title, and the whole answer."""
    event = course_event(title=title)
    shop.harness.deliver(event)
    assert shop.checkout(shop.harness.caller(), event.course_id).status_code == 201
    query = {"course_id": str(event.course_id), **query}
    body = shop.harness.caller("admin").get(f"{ADMIN}/export", params=query).content
    return body.decode("utf-8-sig").split("\r\n")[1], body


def test_empty_cells_of_an_export_are_empty(shop: Shop) -> None:
    line, _ = exported(shop, "Rust")
    assert ",Rust,4900,USD,,0,,0,0,none,False,cs_test_" in line


@pytest.mark.parametrize(
    ("title", "cell"),
    [
        ("=1+1", "'=1+1"),
        (" \u00a0-2", "'-2"),
        ("\uff1d1+1", "'\uff1d1+1"),
        ("\uff0b49", "'\uff0b49"),
        ("\ufe6bSUM(A1)", "'\ufe6bSUM(A1)"),
        ("Excel;=1+1;x", '"Excel;\'=1+1;x"'),
        ("a; @b", '"a; \'@b"'),
        ("a\t=1", '"a\t\'=1"'),
        ('a";=1', '"a"";\'=1"'),
        ("a, b", '"a, b"'),
        ("C++ = fun", "C++ = fun"),
    ],
)
def test_no_cell_of_an_export_is_a_formula_whatever_separates_the_cells(shop: Shop, title: str, cell: str) -> None:
    line, _ = exported(shop, title.strip())
    assert f",{cell},4900,USD," in line


def test_an_export_begins_with_a_byte_order_mark_on_request(shop: Shop) -> None:
    assert exported(shop, "\u00dcbung \u6570\u636e", bom="1")[1].startswith(b"\xef\xbb\xbfid,")
    assert exported(shop, "\u00dcbung \u6570\u636e")[1].startswith(b"id,")


@pytest.mark.parametrize("role", ["student", "instructor"])
def test_nobody_else_exports(shop: Shop, role: str) -> None:
    assert shop.harness.caller(role).get(f"{ADMIN}/export").status_code == 403
