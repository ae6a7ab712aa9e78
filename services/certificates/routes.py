"""HTTP door of the certificates service: the learner's own, and the public check."""

import re
from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

from fastapi import Header, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse

from services.certificates import certificates, printing, verification, verification_page
from services.certificates.codes import show_code
from services.certificates.diploma import Diploma
from services.certificates.schemas import CertificateAdminRead, CertificateRead, VerificationRead
from shared.auth import PUBLIC, Actor, require
from shared.database import SessionDep
from shared.pagination import Page, PageDep, cut_page, sort_key
from shared.routing import AcademyRouter
from shared.slots import needs
from shared.typesetting.printing import PRINTING

router = AcademyRouter(prefix="/api/v1/certificates", tags=["certificates"])

Learner = Annotated[Actor, require("account:use")]
# A revocation must show at once, so nobody keeps the answer without asking again.
NOT_KEPT = {"Vary": "Accept", "Cache-Control": "no-cache", "X-Robots-Tag": "noindex"}


@router.get("")
def list_my_certificates(request: Request, session: SessionDep, actor: Learner, page: PageDep) -> Page[CertificateRead]:
    """Your certificates, newest first."""
    (after,) = sort_key(page, UUID) or (None,)
    rows = certificates.list_certificates(session, {"user_id": actor.user_id}, after, page.limit)
    items, next_cursor = cut_page(rows, page, lambda row: (row.Certificate.id,))
    return Page(items=[CertificateRead(**members(request, row)) for row in items], next_cursor=next_cursor)


@router.get(
    "/verify/{code}",
    dependencies=[PUBLIC],
    response_model=VerificationRead,
    responses={200: {"content": {"text/html": {"schema": {"type": "string"}}}}},
)
def verify_certificate(
    code: str, request: Request, session: SessionDep, accept: Annotated[str, Header()] = ""
) -> Response:
    """Whether a certificate stands, by the code printed on it; case and dashes do not matter. No sign-in needed. JSON,
    or a page when Accept prefers text/html."""
    wants_page = verification_page.prefers_html(accept)
    issuer = request.app.state.settings.academy_name
    try:
        answer = _verification(issuer, verification.verify_code(session, code))
    except verification.CodeUnknown as unknown:
        if not wants_page:
            unknown.headers.update(NOT_KEPT)
            raise
        return _page(verification_page.render_unknown_page(issuer, unknown.title, unknown.detail), 404)
    if wants_page:
        return _page(verification_page.render_page(issuer, answer), 200)
    return JSONResponse(answer.model_dump(mode="json"), headers=NOT_KEPT)


@router.get("/{certificate_id}")
def get_certificate(certificate_id: UUID, request: Request, session: SessionDep, actor: Learner) -> CertificateRead:
    """One of your certificates; administrators see all."""
    return CertificateRead(**members(request, certificates.get_certificate(session, certificate_id, owner(actor))))


@router.get(
    "/{certificate_id}/pdf",
    response_class=Response,
    responses={200: {"content": {"application/pdf": {}}}, 409: {"description": "The certificate is revoked"}},
)
@needs(PRINTING)
def download_certificate(certificate_id: UUID, request: Request, session: SessionDep, actor: Learner) -> Response:
    """The diploma as a PDF: the same bytes at every download. 409 while the certificate is revoked."""
    certificate = certificates.get_certificate(session, certificate_id, owner(actor)).Certificate
    diploma = printing.get_print(session, _press(request), certificate)
    headers = {
        "ETag": f'"{diploma.sha256}"',
        "Cache-Control": "private, no-cache",
        "Content-Disposition": content_disposition(certificate.course_title),
    }
    return Response(diploma.content, media_type="application/pdf", headers=headers)


def owner(actor: Actor) -> UUID | None:
    """Whose certificates the caller may see: None means everybody's."""
    return None if actor.may("certificates:read") else actor.user_id


def members(request: Request, row: Any) -> dict[str, Any]:
    """The members of a CertificateRead (or CertificateAdminRead) from a certificate with its course's slug."""
    certificate = row.Certificate
    shown = CertificateAdminRead.model_fields
    return {
        **{name: getattr(certificate, name) for name in shown if hasattr(certificate, name)},
        "code": show_code(certificate.code),
        "verify_url": printing.verify_url(request.app.state.settings.public_url, certificate.code),
        "course_slug": row.course_slug,
    }


def content_disposition(course_title: str) -> str:
    """RFC 6266: the real title for those who read filename*, a plain one for the others."""
    plain = re.sub(r"[^A-Za-z0-9]+", "-", course_title).strip("-")[:60] or "course"
    title = re.sub(r'[\x00-\x1f\x7f"\\/:*?<>|]+', " ", course_title).strip()[:100]
    encoded = quote(f"Certificate {title}.pdf", safe="", errors="replace")
    return f"attachment; filename=\"certificate-{plain}.pdf\"; filename*=UTF-8''{encoded}"


def _verification(issuer: str, certificate: Any) -> VerificationRead:
    return VerificationRead(
        status=certificate.status,
        code=show_code(certificate.code),
        issuer=issuer,
        course_title=certificate.course_title,
        learner_name=verification.minimal_name(certificate.learner_name),
        completed_at=certificate.completed_at,
        issued_at=certificate.issued_at,
        revoked_at=certificate.revoked_at,
        pdf_sha256=certificate.pdf_sha256,
    )


def _page(html: str, status: int) -> Response:
    policy = {"Content-Security-Policy": verification_page.CONTENT_SECURITY_POLICY}
    return HTMLResponse(html, status, headers={**NOT_KEPT, **policy})


def _press(request: Request) -> printing.Press:
    state = request.app.state
    return printing.Press(state.storage, _render, state.settings.academy_name, state.settings.public_url)


def _render(diploma: Diploma) -> bytes:
    # Loaded at the first print: an api that prints nothing must not carry ReportLab.
    from services.certificates.pdf.sheet import render_diploma

    return render_diploma(diploma)
