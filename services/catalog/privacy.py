"""What catalog has of a person, and its erasure. What an instructor wrote belongs to the course."""

from typing import Any
from uuid import UUID

from sqlalchemy import Select, delete, select
from sqlalchemy.orm import Session

from services.catalog.courses.models import Announcement, Course
from services.catalog.learning.models import CourseCompletion, Enrollment, Grant, LessonCompletion, LessonOpening
from shared.privacy import Counts, Privacy


def erase(session: Session, user_id: UUID, _version: int) -> Counts:
    """Removes what the person learned and when. Enrollments and grants stay, an id and an order, so that a late refund
    still finds what it takes back."""
    theirs = _enrollments_of(user_id)
    counts = {}
    for model in (LessonCompletion, LessonOpening, CourseCompletion):
        removed = delete(model).where(model.enrollment_id.in_(theirs)).returning(model.enrollment_id)
        counts[str(model.__tablename__)] = len(session.execute(removed).all())
    return counts


def _enrollments_of(user_id: UUID) -> Select[Any]:
    return select(Enrollment.id).where(Enrollment.user_id == user_id)


def _written_by(user_id: UUID) -> Any:
    columns = (Course.id, Course.slug, Course.title, Course.summary, Course.description, Course.created_at)
    return select(*columns).where(Course.instructor_id == user_id)


PRIVACY = Privacy(
    "catalog",
    {
        "enrollments": lambda user_id: select(Enrollment.__table__).where(Enrollment.user_id == user_id),
        "grants": lambda user_id: select(Grant.__table__).where(Grant.enrollment_id.in_(_enrollments_of(user_id))),
        "lesson_completions": lambda user_id: select(LessonCompletion.__table__).where(
            LessonCompletion.enrollment_id.in_(_enrollments_of(user_id))
        ),
        "lesson_openings": lambda user_id: select(LessonOpening.__table__).where(
            LessonOpening.enrollment_id.in_(_enrollments_of(user_id))
        ),
        "course_completions": lambda user_id: select(CourseCompletion.__table__).where(
            CourseCompletion.enrollment_id.in_(_enrollments_of(user_id))
        ),
        "courses": _written_by,
        "announcements": lambda user_id: select(Announcement.__table__).where(Announcement.author_id == user_id),
    },
    erase,
)
