"""Who is enrolled: whoever holds at least one active grant."""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from services.catalog.courses.models import PUBLISHED, Course
from services.catalog.courses.ownership import CourseNotFound
from services.catalog.learning.grants import ACTIVE, find_grant, reason_of, status_of
from services.catalog.learning.models import Enrollment, Grant
from shared import outbox
from shared.errors import Conflict
from shared.events import EnrollmentGranted, EnrollmentRevoked


class CourseNotFree(Conflict):
    slug, title = "course-not-free", "This course costs money"
    detail = "Start a checkout: POST /api/v1/payments/checkouts with this course_id."


def enroll_free(session: Session, course_id: UUID, user_id: UUID) -> Enrollment:
    """The learner's enrollment in a free course; again changes nothing. Raises CourseNotFound, CourseNotFree."""
    course = session.scalar(select(Course).where(Course.id == course_id).with_for_update(read=True, key_share=True))
    if course is None or course.status != PUBLISHED:
        raise CourseNotFound
    enrollment = lock_enrollment(session, course_id, user_id)
    if enrollment.active:
        return enrollment
    if course.price.amount > 0:
        raise CourseNotFree
    grant = find_grant(session, enrollment, None)
    grant.paid_at = grant.paid_at or datetime.now(UTC)
    settle(session, enrollment, grant, course.title)
    return enrollment


def lock_enrollment(session: Session, course_id: UUID, user_id: UUID) -> Enrollment:
    """The learner's enrollment row, locked; inactive when it is new. All grants of the pair change under this lock."""
    row = {"id": uuid7(), "user_id": user_id, "course_id": course_id, "active": False, "version": 0}
    session.execute(insert(Enrollment).values(row).on_conflict_do_nothing())
    mine = (Enrollment.course_id == course_id, Enrollment.user_id == user_id)
    return session.execute(select(Enrollment).where(*mine).with_for_update()).scalar_one()


def settle(session: Session, enrollment: Enrollment, grant: Grant, course_title: str) -> None:
    """After facts were merged into a grant: computes its status and the enrollment's, and tells when that changed."""
    grant.status = status_of(paid=grant.paid_at is not None, refunded_full=grant.refunded_full, disputes=grant.disputes)
    grant.version += 1
    session.flush()
    any_active = exists().where(Grant.enrollment_id == enrollment.id, Grant.status == ACTIVE)
    active = bool(session.scalar(select(any_active)))
    if active == enrollment.active:
        return
    enrollment.active = active
    enrollment.version += 1
    enrollment.enrolled_at = enrollment.enrolled_at or datetime.now(UTC)
    session.flush()
    facts = {
        "enrollment_id": enrollment.id,
        "version": enrollment.version,
        "user_id": enrollment.user_id,
        "course_id": enrollment.course_id,
        "course_title": course_title,
        "grant_id": grant.id,
        "order_id": grant.order_id,
    }
    outbox.add(session, EnrollmentGranted(**facts) if active else EnrollmentRevoked(**facts, reason=reason_of(grant)))
