"""Becoming an instructor: somebody asks, an administrator decides."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from services.identity import administration, users
from services.identity.audit import Origin
from services.identity.instructors.models import InstructorApplication
from services.identity.models import User
from shared import audit, outbox
from shared.errors import Conflict, NotFound
from shared.events import InstructorApplicationDecided
from shared.pagination import PageRequest, cut_page, sort_key


class InstructorAlready(Conflict):
    slug, title = "instructor-already", "You may teach already"
    detail = "Sign in again if you do not see it yet; POST /api/v1/courses begins a course."


class ApplicationPending(Conflict):
    slug, title = "application-pending", "Your application is being looked at"
    detail = "Wait for the mail with the decision; GET /api/v1/users/me/instructor-applications shows where it stands."


class ApplicationNotFound(NotFound):
    slug, title = "application-not-found", "There is no such application"
    detail = "Check the id; GET /api/v1/admin/instructor-applications lists all."


class ApplicationDecided(Conflict):
    slug, title = "application-decided", "This application was decided already"
    detail = "Read it again. To change the person's roles use PATCH /api/v1/admin/users/{id}."


@dataclass(frozen=True)
class Decision:
    """`reason` is told to the applicant."""

    approved: bool
    reason: str = ""


def apply(session: Session, motivation: str, origin: Origin) -> InstructorApplication:
    """A new application of the caller. Raises InstructorAlready, ApplicationPending, also when two requests race."""
    assert origin.user_id
    user = users.lock_user(session, origin.user_id)
    if "instructor" in user.roles:
        raise InstructorAlready
    row = {"id": uuid7(), "user_id": user.id, "motivation": motivation}
    statement = insert(InstructorApplication).values(row).on_conflict_do_nothing()
    application = session.scalars(statement.returning(InstructorApplication)).one_or_none()
    if application is None:
        raise ApplicationPending
    audit.record(session, origin, "instructor_application.made", user.id, application_id=str(application.id))
    return application


def list_own_applications(session: Session, user_id: UUID) -> Sequence[InstructorApplication]:
    """A person's applications, the newest first."""
    return session.scalars(_newest_first().where(InstructorApplication.user_id == user_id)).all()


def list_applications(
    session: Session, status: str | None, page: PageRequest
) -> tuple[list[InstructorApplication], str | None]:
    """A page of everybody's applications, the newest first, and the cursor of the next page."""
    statement = _newest_first().limit(page.limit + 1)
    if status:
        statement = statement.where(InstructorApplication.status == status)
    if key := sort_key(page, UUID):
        statement = statement.where(InstructorApplication.id < key[0])
    return cut_page(session.scalars(statement).all(), page, lambda application: [application.id])


def decide(session: Session, application_id: UUID, decision: Decision, origin: Origin) -> InstructorApplication:
    """The application, decided; an approved applicant is an instructor from now on and is told by mail either way.
    Raises ApplicationNotFound, ApplicationDecided."""
    # The order of locks everywhere: administrators, then anything of one person.
    administration.lock_admins(session)
    application = session.get(InstructorApplication, application_id, with_for_update=True)
    if application is None:
        raise ApplicationNotFound
    if application.status != "pending":
        raise ApplicationDecided
    application.status = "approved" if decision.approved else "rejected"
    application.reason, application.decided_by, application.decided_at = decision.reason, origin.user_id, func.now()
    user = users.lock_user(session, application.user_id)
    audit.record(
        session, origin, f"instructor_application.{application.status}", user.id, application_id=str(application.id)
    )
    if decision.approved:
        administration.set_roles(session, user, {*user.roles, "instructor"}, origin)
    _announce(session, user, application)
    session.flush()
    session.refresh(application)
    return application


def _announce(session: Session, user: User, application: InstructorApplication) -> None:
    user.version += 1
    outbox.add(
        session,
        InstructorApplicationDecided(
            user_id=user.id,
            version=user.version,
            application_id=application.id,
            approved=application.status == "approved",
            reason=application.reason,
        ),
    )


def _newest_first() -> Select[InstructorApplication]:
    return select(InstructorApplication).order_by(InstructorApplication.id.desc())
