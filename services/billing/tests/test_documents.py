"""Invoices, receipts, credit notes: on paper, in order, without gaps."""

import unicodedata
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import pytest
from pypdf import PdfReader
from sqlalchemy import text
from uuid_utils.compat import uuid7

from services.billing.papers import Paper, PaperLine, Party
from services.billing.pdf import render_paper
from services.billing.tests.shop import Shop
from shared.testing.harness import Caller


def documents(caller: Caller, order_id: str) -> dict[str, dict[str, Any]]:
    listed = caller.get(f"/api/v1/payments/orders/{order_id}/documents").json()
    return {document["kind"]: document for document in listed}


def words(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages)


def test_a_payment_is_papered_with_seller_buyer_tax_and_total(shop: Shop) -> None:
    caller, order, _ = shop.paid()
    issued = documents(caller, order["id"])
    assert issued.keys() == {"invoice", "receipt"}
    answer = caller.get(f"/api/v1/payments/documents/{issued['invoice']['id']}/pdf")
    assert answer.headers["content-type"] == "application/pdf"
    assert issued["invoice"]["number"] in answer.headers["content-disposition"]
    said = words(answer.content)
    for fact in (
        issued["invoice"]["number"],
        "AI First Academy GmbH",
        "10115 Berlin",
        "DE123456789",  # pragma: allowlist secret, a made-up tax number
        "Erika Mustermann",
        "Musterstraße 1",
        "Rust",
        "Includes VAT 19 %",
        "7.82 USD",
        "49.00 USD",
    ):
        assert fact in said
    assert caller.get(f"/api/v1/payments/documents/{issued['invoice']['id']}/pdf").content == answer.content


def test_a_refund_is_papered_with_a_credit_note_that_is_void_when_it_fails(shop: Shop) -> None:
    caller, order, session_id = shop.paid()
    refund = shop.far_end.refund(session_id, 900)
    shop.deliver_all(session_id)
    issued = documents(caller, order["id"])
    note = issued["credit_note"]
    assert (note["amount"], note["voided_at"]) == (900, None)
    url = f"/api/v1/payments/documents/{note['id']}/pdf"
    said = words(caller.get(url).content)
    assert issued["invoice"]["number"] in said
    assert "-9.00 USD" in said
    shop.far_end.fail_refund(refund)
    shop.deliver_all(session_id)
    assert documents(caller, order["id"])["credit_note"]["voided_at"]
    assert "(void)" in words(caller.get(url).content)


def test_numbers_have_no_gaps_even_when_payments_race_and_fail(shop: Shop) -> None:
    orders = [shop.bought() for _ in range(8)]
    for _, _, session_id in orders:
        shop.far_end.pay(session_id)
    intake = shop.harness.worker.handlers.intakes["stripe"]

    def settle(number: int) -> None:
        looked = intake.prepare(shop.harness.database, {"session_id": orders[number][2]})
        with shop.harness.database.begin() as session:
            intake.handle(session, looked)
            if number % 2:
                session.execute(text("SELECT 1 / 0"))

    with ThreadPoolExecutor(8) as pool:
        failed = [bool(attempt.exception()) for attempt in [pool.submit(settle, number) for number in range(8)]]
    assert failed == [False, True] * 4
    for _, _, session_id in orders:
        shop.deliver_all(session_id)
    for series in shop.sql("SELECT series, last FROM document_counters"):
        rows = shop.sql("SELECT number FROM documents WHERE number LIKE :like", like=f"{series.series}-%")
        numbers = sorted(int(row.number.rsplit("-", 1)[1]) for row in rows)
        assert numbers == list(range(1, series.last + 1))


def test_anothers_papers_are_not_there_but_support_finds_them(shop: Shop) -> None:
    caller, order, _ = shop.paid()
    document = documents(caller, order["id"])["invoice"]["id"]
    stranger = shop.harness.caller()
    assert stranger.get(f"/api/v1/payments/documents/{document}/pdf").status_code == 404
    assert stranger.get(f"/api/v1/payments/orders/{order['id']}/documents").status_code == 404
    assert stranger.get(f"/api/v1/admin/payments/documents/{document}/pdf").status_code == 403
    assert shop.harness.caller("support").get(f"/api/v1/admin/payments/documents/{document}/pdf").status_code == 200
    assert caller.get(f"/api/v1/payments/documents/{uuid7()}/pdf").status_code == 404


def invoice_of(name: str) -> Paper:
    """An invoice on which every word that somebody else chose is this one."""
    return Paper(
        kind="invoice",
        number="INV-2026-000001",
        issued_at=datetime(2026, 1, 2, tzinfo=UTC),
        order_id="0",
        seller=Party("Academy"),
        buyer=Party(name, (name,) * 4, name),
        lines=(PaperLine(name, 100, 10, 90),),
        amount=90,
        tax_amount=0,
        tax_lines=(),
        currency="JPY",
        paid_at=None,
        void=False,
        corrects="",
    )


@pytest.mark.parametrize(
    "name", ["Ann <b Smith", "Bob </para>", "<img src='/etc/passwd'>", "\u202eevil", "x" * 500, "王" * 10_000, ""]
)
def test_no_name_can_spoil_a_document(name: str) -> None:
    assert "INV-2026-000001" in words(render_paper(invoice_of(name)))


NAMES = {
    "Chinese": "张伟 公司",
    "Japanese": "山田 太郎",
    "Korean": "김민준",
    "Greek and Cyrillic": "Γιώργος Щербаков",
    "Vietnamese": "Nguyễn Thị Ánh",
    "mixed": "Ada 张伟 Щербаков",
    # Printed from right to left, letters joined; who extracts the text turns it back.
    "Hebrew": "דוד כהן",
    "Arabic": "محمد",
}


@pytest.mark.parametrize("script", NAMES)
def test_a_buyers_name_is_on_the_invoice_as_it_is_written(script: str) -> None:
    said = words(render_paper(invoice_of(NAMES[script])))
    assert "".join(NAMES[script].split()) in "".join(unicodedata.normalize("NFKC", said).split())
    assert "\ufffd" not in said


def test_no_text_is_cut_however_long_it_is() -> None:
    names = [f"Gesellschaft{number:03}" for number in range(200)]
    said = words(render_paper(invoice_of(" ".join(names))))
    # The buyer's name, four lines of the address, the tax id, the course.
    assert {said.count(name) for name in names} == {7}


def test_a_long_name_is_on_the_invoice_whole() -> None:
    name = "Österreichische Forschungsförderungsgesellschaft mbH, Bereich Strukturprogramme"
    said = words(render_paper(replace(invoice_of("Ann"), buyer=Party(name))))
    assert name in " ".join(said.split())


def test_parts_of_the_tax_add_up_to_the_invoices(shop: Shop) -> None:
    caller, order, session_id = shop.paid()
    for amount in (1000, 1000, 1000, 1000, 900):
        shop.far_end.refund(session_id, amount)
        shop.deliver_all(session_id)
    issued = caller.get(f"/api/v1/payments/orders/{order['id']}/documents").json()
    notes = [document["tax_amount"] for document in issued if document["kind"] == "credit_note"]
    assert (notes, sum(notes)) == ([160, 160, 159, 160, 143], 782)


def test_a_refund_that_failed_does_not_spoil_the_sum_of_the_others(shop: Shop) -> None:
    caller, order, session_id = shop.paid()
    first = shop.far_end.refund(session_id, 1000)
    shop.far_end.refund(session_id, 1111)
    shop.deliver_all(session_id)
    shop.far_end.fail_refund(first)
    shop.deliver_all(session_id)
    for amount in (333, 1000, None):
        shop.far_end.refund(session_id, amount)
        shop.deliver_all(session_id)
    issued = caller.get(f"/api/v1/payments/orders/{order['id']}/documents").json()
    notes = [document for document in issued if document["kind"] == "credit_note" and not document["voided_at"]]
    assert (sum(note["amount"] for note in notes), sum(note["tax_amount"] for note in notes)) == (4900, 782)


def test_what_no_font_has_is_printed_in_latin_letters_and_the_invoice_says_so() -> None:
    said = words(render_paper(invoice_of("Zoë 🎉 अनिल")))
    assert "Zoë :tada: Anil" in said
    assert "\ufffd" not in said
    assert "Put into Latin letters" in said
    assert "Put into Latin letters" not in words(render_paper(invoice_of("Zoë 王小明")))


def test_an_invoice_whose_tax_the_buyer_owes_says_so() -> None:
    tax = {"name": "VAT", "rate": "0.0", "jurisdiction": "Austria", "amount": 0, "taxable_amount": 90}
    owed = replace(invoice_of("Ann"), tax_lines=({**tax, "reason": "reverse_charge"},))
    assert "Reverse charge" in words(render_paper(owed))
    assert "Reverse charge" not in words(render_paper(replace(owed, tax_lines=({**tax, "reason": "zero_rated"},))))
