"""Invoices, receipts and credit notes: numbered without gaps, each kind and year by itself."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from services.billing.models import Buyer, Document, Order, OrderLine
from services.billing.orders import get_order, list_lines
from services.billing.papers import Paper, PaperLine, Party
from shared.errors import NotFound
from shared.prepared import hot
from shared.transactions import later

INVOICE, RECEIPT, CREDIT_NOTE = "invoice", "receipt", "credit_note"
PREFIXES = {INVOICE: "INV", RECEIPT: "RCP", CREDIT_NOTE: "CRN"}
_TABLE: Any = Document.__table__
_KNOWN = hot(
    select(_TABLE.c.kind).where(_TABLE.c.order_id == bindparam("order"), _TABLE.c.refund_id == bindparam("refund"))
)
_STORE = later(hot(insert(_TABLE).inline()))
_COUNT = hot(
    text("""
    INSERT INTO document_counters (series, last)
    SELECT series, 1 FROM unnest(CAST(:series AS text[])) AS wanted (series)
    ON CONFLICT (series) DO UPDATE SET last = document_counters.last + 1 RETURNING series, last
""")
)


class DocumentNotFound(NotFound):
    slug, title = "document-not-found", "There is no such document"
    detail = "GET /api/v1/payments/orders/{id}/documents lists what was issued for the order."


@dataclass(frozen=True)
class Sum:
    """What a document is about, and the tax in it; minor units."""

    amount: int
    tax: int


def issue(session: Session, order: Order, kinds: Collection[str], total: Sum, refund_id: str = "") -> None:
    """Issues the documents, each once per order (and refund). Numbers come from counter rows that stay locked until the
    commit: a rolled back payment gives its numbers back, and no two documents can share one."""
    missing = {*kinds}.difference(session.scalars(_KNOWN, {"order": order.id, "refund": refund_id}))
    now = datetime.now(UTC)
    for kind, number in _next_numbers(session, missing, now.year).items():
        row = {
            "id": uuid7(),
            "number": number,
            "kind": kind,
            "order_id": order.id,
            "refund_id": refund_id,
            "amount": total.amount,
            "tax_amount": total.tax,
            "currency": order.currency,
            "issued_at": now,
        }
        session.execute(_STORE, row)


def void(session: Session, order: Order, refund_id: str) -> None:
    """The refund did not happen after all: its credit note keeps its number and says that it is void."""
    mine = (Document.order_id == order.id, Document.refund_id == refund_id, Document.voided_at.is_(None))
    session.execute(update(Document).where(*mine).values(voided_at=func.now()))


def _next_numbers(session: Session, kinds: Collection[str], year: int) -> dict[str, str]:
    if not kinds:
        return {}
    # In one order everywhere, so that two payments cannot wait for each other's counters.
    series = {f"{PREFIXES[kind]}-{year}": kind for kind in sorted(kinds, key=PREFIXES.__getitem__)}
    counted = session.execute(_COUNT, {"series": [*series]}).all()
    return {series[name]: f"{name}-{last:06d}" for name, last in counted}


def list_documents(session: Session, order_id: UUID, user_id: UUID) -> list[Document]:
    """The documents of one's own order, oldest first. Raises OrderNotFound."""
    order = get_order(session, order_id, user_id)
    return list(session.scalars(select(Document).where(Document.order_id == order.id).order_by(Document.id)))


def get_paper(session: Session, document_id: UUID, user_id: UUID | None, seller: Party) -> Paper:
    """What the document's sheet says; of anybody's for whom `user_id` is None. Raises DocumentNotFound."""
    document = session.get(Document, document_id)
    order = session.get(Order, document.order_id) if document else None
    if document is None or order is None or user_id not in (None, order.user_id):
        raise DocumentNotFound
    buyer = session.get(Buyer, order.id)
    correction = document.kind == CREDIT_NOTE
    lines = [_paper_line(line) for line in list_lines(session, order)]
    return Paper(
        kind=document.kind,
        number=document.number,
        issued_at=document.issued_at,
        order_id=str(order.id),
        seller=seller,
        buyer=Party(buyer.name, tuple(buyer.address_lines), buyer.tax_id) if buyer else Party(""),
        lines=() if correction else tuple(lines),
        amount=document.amount,
        tax_amount=document.tax_amount,
        tax_lines=tuple(order.tax_lines),
        currency=document.currency,
        paid_at=order.paid_at,
        void=document.voided_at is not None,
        corrects=_invoice_number(session, order) if correction else "",
    )


def _paper_line(line: OrderLine) -> PaperLine:
    title = line.title if line.quantity == 1 else f"{line.quantity} x {line.title}"
    return PaperLine(title, line.list_amount, line.discount, line.amount)


def _invoice_number(session: Session, order: Order) -> str:
    mine = (Document.order_id == order.id, Document.kind == INVOICE)
    return session.scalar(select(Document.number).where(*mine)) or ""
