"""Invoices, receipts and credit notes as PDF."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request, Response

from services.billing import documents
from services.billing.book_shapes import DocumentRead
from services.billing.papers import Paper, Party
from services.billing.settings import Settings
from shared.auth import Actor, require
from shared.database import SessionDep
from shared.routing import AcademyRouter
from shared.slots import needs
from shared.typesetting.printing import PRINTING

router = AcademyRouter(prefix="/api/v1")
Buyer = Annotated[Actor, require("payments:make")]
Reader = Annotated[Actor, require("payments:read")]
PDF: dict[int | str, dict[str, Any]] = {200: {"content": {"application/pdf": {}}}}


def _seller(request: Request) -> Party:
    settings: Settings = request.app.state.settings
    lines = tuple(line.strip() for line in settings.seller_address.split(";") if line.strip())
    return Party(settings.seller_name, lines, settings.seller_tax_id)


SellerDep = Annotated[Party, Depends(_seller)]


@router.get("/payments/orders/{order_id}/documents", tags=["payments"], response_model=list[DocumentRead])
def list_documents(actor: Buyer, session: SessionDep, order_id: UUID) -> Any:
    """Invoice, receipt and credit notes of one of your orders."""
    return documents.list_documents(session, order_id, actor.user_id)


@router.get("/payments/documents/{document_id}/pdf", tags=["payments"], response_class=Response, responses=PDF)
@needs(PRINTING)
def get_document(actor: Buyer, session: SessionDep, document_id: UUID, seller: SellerDep) -> Response:
    """One of your documents. The same document gives the same bytes."""
    return _answer(documents.get_paper(session, document_id, actor.user_id, seller))


@router.get("/admin/payments/documents/{document_id}/pdf", tags=["admin"], response_class=Response, responses=PDF)
@needs(PRINTING)
def get_any_document(actor: Reader, session: SessionDep, document_id: UUID, seller: SellerDep) -> Response:
    """Anybody's document."""
    return _answer(documents.get_paper(session, document_id, None, seller))


def _answer(paper: Paper) -> Response:
    # Only who asks for a document pays for loading the printer.
    from services.billing.pdf import render_paper

    headers = {"Content-Disposition": f'attachment; filename="{paper.number}.pdf"', "Cache-Control": "private"}
    return Response(render_paper(paper), media_type="application/pdf", headers=headers)
