"""What catalog publishes."""

from typing import ClassVar
from uuid import UUID

from pydantic import AwareDatetime

from shared.events.event import Event


class CourseEvent(Event):
    source: ClassVar[str] = "catalog"
    subject_field: ClassVar[str] = "course_id"
    course_id: UUID
    version: int
    slug: str
    title: str
    instructor_id: UUID
    price_amount: int
    price_currency: str


class CoursePublished(CourseEvent):
    pass


class CourseUpdated(CourseEvent):
    """A published course changed: title, price, instructor or outline."""

    lesson_count: int = 0


class CourseArchived(CourseEvent):
    pass


class EnrollmentEvent(Event):
    """Access of one learner to one course. `active` is the state after this fact: several grants may overlap."""

    source: ClassVar[str] = "catalog"
    subject_field: ClassVar[str] = "enrollment_id"
    enrollment_id: UUID
    version: int
    user_id: UUID
    course_id: UUID
    course_title: str
    grant_id: UUID
    order_id: UUID | None = None


class EnrollmentGranted(EnrollmentEvent):
    active: bool = True


class EnrollmentRevoked(EnrollmentEvent):
    active: bool = False
    reason: str = ""


class LessonOpened(Event):
    """A learner who is enrolled by a purchase was given a lesson, or a file of it, for the first time. The course has
    `lesson_count` lessons."""

    source: ClassVar[str] = "catalog"
    subject_field: ClassVar[str] = "enrollment_id"
    enrollment_id: UUID
    user_id: UUID
    course_id: UUID
    lesson_id: UUID
    lesson_count: int


class LessonCompleted(Event):
    """A learner completed a lesson; `completed_lessons` of the course's `lesson_count` are complete after it."""

    source: ClassVar[str] = "catalog"
    subject_field: ClassVar[str] = "enrollment_id"
    enrollment_id: UUID
    version: int
    user_id: UUID
    course_id: UUID
    lesson_id: UUID
    completed_lessons: int
    lesson_count: int


class CourseCompleted(Event):
    source: ClassVar[str] = "catalog"
    subject_field: ClassVar[str] = "enrollment_id"
    enrollment_id: UUID
    version: int
    user_id: UUID
    course_id: UUID
    course_title: str
    completed_at: AwareDatetime


class AnnouncementPosted(Event):
    source: ClassVar[str] = "catalog"
    subject_field: ClassVar[str] = "announcement_id"
    announcement_id: UUID
    course_id: UUID
    course_title: str
    author_id: UUID
    title: str
    body: str
    posted_at: AwareDatetime
