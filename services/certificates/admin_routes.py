"""HTTP door for administrators."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import Depends, Request

from services.certificates import certificates, withdrawals
from services.certificates.codes import read_code
from services.certificates.routes import members
from services.certificates.schemas import CertificateAdminRead, DecisionCreate, DecisionRead
from shared.auth import Actor, require
from shared.database import SessionDep
from shared.errors import Invalid
from shared.pagination import Page, PageDep, cut_page, sort_key
from shared.routing import AcademyRouter

router = AcademyRouter(prefix="/api/v1/admin/certificates", tags=["certificates: administration"])

Admin = Annotated[Actor, require("certificates:admin")]
Reader = Annotated[Actor, require("certificates:read")]


class Filters:
    """?user_id=&course_id=&status=&code= of the list. Raises Invalid("code") for what cannot be a code."""

    def __init__(
        self,
        user_id: UUID | None = None,
        course_id: UUID | None = None,
        status: Literal["valid", "revoked"] | None = None,
        code: str | None = None,
    ) -> None:
        stored_code = read_code(code) if code is not None else None
        if code is not None and stored_code is None:
            raise Invalid("code", "is not a certificate code; copy it from the diploma")
        self.columns = {"user_id": user_id, "course_id": course_id, "status": status, "code": stored_code}


FiltersDep = Annotated[Filters, Depends()]


@router.get("")
def list_all_certificates(
    request: Request, session: SessionDep, _actor: Reader, page: PageDep, filters: FiltersDep
) -> Page[CertificateAdminRead]:
    """All certificates, newest first, or those of a learner, a course, a status, a code."""
    (after,) = sort_key(page, UUID) or (None,)
    rows = certificates.list_certificates(session, filters.columns, after, page.limit)
    items, next_cursor = cut_page(rows, page, lambda row: (row.Certificate.id,))
    return Page(items=[CertificateAdminRead(**members(request, row)) for row in items], next_cursor=next_cursor)


@router.post("/{certificate_id}/revoke")
def revoke_certificate(
    certificate_id: UUID, body: DecisionCreate, request: Request, session: SessionDep, actor: Admin
) -> CertificateAdminRead:
    """Revokes a certificate until it is restored; the learner is told, the public check shows it at once."""
    withdrawals.withdraw_certificate(session, certificate_id, actor.user_id, actor.session_id, body.reason)
    return _read(request, session, certificate_id)


@router.post("/{certificate_id}/restore")
def restore_certificate(
    certificate_id: UUID, body: DecisionCreate, request: Request, session: SessionDep, actor: Admin
) -> CertificateAdminRead:
    """Takes a revocation back. The certificate is valid again if the learner has access to the course."""
    withdrawals.restore_certificate(session, certificate_id, actor.user_id, actor.session_id, body.reason)
    return _read(request, session, certificate_id)


@router.get("/{certificate_id}/decisions")
def list_decisions(certificate_id: UUID, session: SessionDep, _actor: Reader, page: PageDep) -> Page[DecisionRead]:
    """What administrators did with this certificate, newest first."""
    certificates.get_certificate(session, certificate_id, None)
    (after,) = sort_key(page, UUID) or (None,)
    rows = withdrawals.list_decisions(session, certificate_id, after, page.limit)
    items, next_cursor = cut_page(rows, page, lambda decision: (decision.id,))
    return Page(items=[DecisionRead.model_validate(item) for item in items], next_cursor=next_cursor)


def _read(request: Request, session: SessionDep, certificate_id: UUID) -> CertificateAdminRead:
    row = certificates.get_certificate(session, certificate_id, None)
    return CertificateAdminRead(**members(request, row))
