"""Invoices, receipts and credit notes: numbered without gaps, each kind and year by itself."""

from collections.abc import Collection
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from services.billing.models import Buyer, Document, DocumentCounter, Order
from services.billing.orders import get_order, list_lines
from services.billing.papers import Paper, PaperLine, Party
from shared.errors import NotFound

INVOICE, RECEIPT, CREDIT_NOTE = "invoice", "receipt", "credit_note"
PREFIXES = {INVOICE: "INV", RECEIPT: "RCP", CREDIT_NOTE: "CRN"}


class DocumentNotFound(NotFound):
    slug, title = "document-not-found", "There is no such document"
    detail = "GET /api/v1/payments/orders/{id}/documents lists what was issued for the order."


def issue(session: Session, order: Order, kinds: Collection[str], amount: int, refund_id: str = "") -> None:
    """Issues the documents, each once per order (and refund). Numbers come from counter rows that stay locked until the
    commit: a rolled back payment gives its numbers back, and no two documents can share one."""
    known = select(Document.kind).where(Document.order_id == order.id, Document.refund_id == refund_id)
    missing = {*kinds}.difference(session.scalars(known))
    now = datetime.now(UTC)
    tax = order.tax_amount * amount // order.amount if order.amount else 0
    # In one order everywhere, so that two payments cannot wait for each other's counters.
    for kind in sorted(missing):
        row = Document(
            id=uuid7(),
            number=_next_number(session, f"{PREFIXES[kind]}-{now.year}"),
            kind=kind,
            order_id=order.id,
            refund_id=refund_id,
            amount=amount,
            tax_amount=tax,
            currency=order.currency,
            issued_at=now,
        )
        session.add(row)


def void(session: Session, order: Order, refund_id: str) -> None:
    """The refund did not happen after all: its credit note keeps its number and says that it is void."""
    mine = (Document.order_id == order.id, Document.refund_id == refund_id, Document.voided_at.is_(None))
    session.execute(update(Document).where(*mine).values(voided_at=func.now()))


def _next_number(session: Session, series: str) -> str:
    counter = insert(DocumentCounter).values(series=series, last=1)
    counter = counter.on_conflict_do_update(index_elements=["series"], set_={"last": DocumentCounter.last + 1})
    number = session.execute(counter.returning(DocumentCounter.last)).scalar_one()
    return f"{series}-{number:06d}"


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
    lines = [PaperLine(line.title, line.list_amount, line.discount, line.amount) for line in list_lines(session, order)]
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


def _invoice_number(session: Session, order: Order) -> str:
    mine = (Document.order_id == order.id, Document.kind == INVOICE)
    return session.scalar(select(Document.number).where(*mine)) or ""
