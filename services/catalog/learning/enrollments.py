"""Who is enrolled: whoever holds at least one active grant."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Uuid, bindparam, exists, false, func, literal_column, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from services.catalog.courses.models import PUBLISHED, Course
from services.catalog.courses.ownership import CourseNotFound
from services.catalog.learning.grants import ACTIVE, find_free_grant, reason_of, save_grant, status_of
from services.catalog.learning.models import Enrollment, Grant
from shared import outbox
from shared.errors import Conflict
from shared.events import EnrollmentGranted, EnrollmentRevoked
from shared.prepared import hot
from shared.transactions import later


class CourseNotFree(Conflict):
    slug, title = "course-not-free", "This course costs money"
    detail = "Start a checkout: POST /api/v1/payments/checkouts with this course_id."


# In one statement: the row is there, locked, and read. Setting what it has already is what locks.
_TABLE: Any = Enrollment.__table__
_enrollments = _TABLE.c
_LOCK = hot(
    insert(_TABLE)
    .from_select(
        ["id", "user_id", "course_id", "active", "version"],
        select(
            *(bindparam("new_id", type_=Uuid()), bindparam("learner", type_=Uuid())),
            *(Course.id, false(), literal_column("0")),
        ).where(Course.id == bindparam("course")),
    )
    .on_conflict_do_update(index_elements=["user_id", "course_id"], set_={"version": _enrollments.version})
    .returning(
        *(_enrollments.id, _enrollments.active, _enrollments.version),
        select(Course.title).where(Course.id == bindparam("course")).scalar_subquery(),
    )
)
_CHANGE = later(
    hot(
        update(_TABLE)
        .where(_enrollments.id == bindparam("enrollment"))
        .values(
            active=bindparam("now_active"),
            version=_enrollments.version + 1,
            enrolled_at=func.coalesce(_enrollments.enrolled_at, func.clock_timestamp()),
        )
    )
)


@dataclass(frozen=True)
class LockedEnrollment:
    """An enrollment under its lock; `version` and `active` are what they were when it was locked."""

    id: UUID
    active: bool
    version: int
    user_id: UUID
    course_id: UUID
    course_title: str


def enroll_free(session: Session, course_id: UUID, user_id: UUID) -> UUID:
    """The learner's enrollment in a free course; again changes nothing. Raises CourseNotFound, CourseNotFree."""
    course = session.scalar(select(Course).where(Course.id == course_id).with_for_update(read=True, key_share=True))
    if course is None or course.status != PUBLISHED:
        raise CourseNotFound
    enrollment = lock_enrollment(session, course_id, user_id)
    if enrollment.active:
        return enrollment.id
    if course.price.amount > 0:
        raise CourseNotFree
    grant = find_free_grant(session, enrollment.id)
    grant.paid_at = grant.paid_at or datetime.now(UTC)
    settle(session, enrollment, grant)
    return enrollment.id


def lock_enrollment(session: Session, course_id: UUID, user_id: UUID) -> LockedEnrollment:
    """The learner's enrollment row, locked; inactive when it is new. All grants of the pair change under this lock.
    Raises CourseNotFound."""
    row = session.execute(_LOCK, {"new_id": uuid7(), "learner": user_id, "course": course_id}).first()
    if row is None:
        raise CourseNotFound
    enrollment_id, active, version, title = row
    return LockedEnrollment(enrollment_id, active, version, user_id, course_id, title)


def settle(session: Session, enrollment: LockedEnrollment, grant: Grant) -> None:
    """After facts were merged into a grant: computes its status and the enrollment's, and tells when that changed."""
    grant.status = status_of(paid=grant.paid_at is not None, refunded_full=grant.refunded_full, disputes=grant.disputes)
    grant.version += 1
    save_grant(session, grant)
    active = grant.status == ACTIVE or _has_active(session, enrollment.id)
    if active == enrollment.active:
        return
    session.execute(_CHANGE, {"enrollment": enrollment.id, "now_active": active})
    facts = {
        "enrollment_id": enrollment.id,
        "version": enrollment.version + 1,
        "user_id": enrollment.user_id,
        "course_id": enrollment.course_id,
        "course_title": enrollment.course_title,
        "grant_id": grant.id,
        "order_id": grant.order_id,
    }
    outbox.add(session, EnrollmentGranted(**facts) if active else EnrollmentRevoked(**facts, reason=reason_of(grant)))


def _has_active(session: Session, enrollment_id: UUID) -> bool:
    active = exists().where(Grant.enrollment_id == enrollment_id, Grant.status == ACTIVE)
    return bool(session.scalar(select(active)))
