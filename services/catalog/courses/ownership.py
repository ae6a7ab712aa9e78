"""Who may see and who may change a course."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.catalog.courses.models import DRAFT, Course
from services.catalog.visitors import Visitor
from shared.errors import Forbidden, NotFound


class CourseNotFound(NotFound):
    slug, title = "course-not-found", "There is no such course"
    detail = "Check the id or the address of the course; drafts are visible to their instructor only."


class NotYourCourse(Forbidden):
    slug, title = "not-your-course", "This course belongs to somebody else"
    detail = "Only its instructor or an administrator may do this."


def lock_own_course(session: Session, course_id: UUID, visitor: Visitor) -> Course:
    """The course, its row locked until the end of the transaction: everything that changes a course starts here.

    Raises CourseNotFound when the visitor may not know of it, NotYourCourse when they may not change it.
    """
    course: Course | None = session.scalar(select(Course).where(Course.id == course_id).with_for_update())
    if course is None or (course.status == DRAFT and not visitor.owns(course.instructor_id)):
        raise CourseNotFound
    if not visitor.owns(course.instructor_id):
        raise NotYourCourse
    return course
