"""Becoming an instructor, at the HTTP door."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import status

from services.identity.dependencies import OriginDep
from services.identity.instructors import applications
from services.identity.instructors.applications import Decision
from services.identity.instructors.schemas import (
    ApplicationCreate,
    ApplicationRead,
    ApplicationsRead,
    ApplicationStatus,
    RejectionCreate,
)
from shared.auth import Actor, require
from shared.database import SessionDep
from shared.pagination import Page, PageDep
from shared.routing import AcademyRouter

own = AcademyRouter(prefix="/api/v1/users/me/instructor-applications", tags=["users"])
admin = AcademyRouter(prefix="/api/v1/admin/instructor-applications", tags=["admin"])

Account = Annotated[Actor, require("account:use")]
Approver = Annotated[Actor, require("instructors:approve")]


@own.post("", status_code=status.HTTP_201_CREATED, response_model=ApplicationRead)
def apply_as_instructor(body: ApplicationCreate, actor: Account, session: SessionDep, origin: OriginDep) -> Any:
    """Ask to become an instructor. The decision comes by mail."""
    return applications.apply(session, body.motivation, origin.of(actor))


@own.get("", response_model=ApplicationsRead)
def list_my_instructor_applications(actor: Account, session: SessionDep) -> Any:
    """The caller's applications, the newest first."""
    return {"items": applications.list_own_applications(session, actor.user_id)}


@admin.get("", response_model=Page[ApplicationRead])
def list_instructor_applications(
    actor: Approver, session: SessionDep, page: PageDep, status: ApplicationStatus | None = None
) -> Any:
    """All applications, the newest first."""
    items, next_cursor = applications.list_applications(session, status, page)
    return {"items": items, "next_cursor": next_cursor}


@admin.post("/{application_id}/approve", response_model=ApplicationRead)
def approve_instructor(application_id: UUID, actor: Approver, session: SessionDep, origin: OriginDep) -> Any:
    """Make the applicant an instructor; a token with the new role comes with their next refresh."""
    return applications.decide(session, application_id, Decision(approved=True), origin.of(actor))


@admin.post("/{application_id}/reject", response_model=ApplicationRead)
def reject_instructor(
    application_id: UUID, body: RejectionCreate, actor: Approver, session: SessionDep, origin: OriginDep
) -> Any:
    """Refuse an application, with the reason for the applicant."""
    return applications.decide(session, application_id, Decision(False, body.reason), origin.of(actor))
