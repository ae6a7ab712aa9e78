"""What learners send and see."""

from datetime import datetime
from uuid import UUID

from services.catalog.courses.schemas import LessonRead
from services.catalog.files.schemas import FileRead
from services.catalog.schemas import Output
from shared.schemas import Input


class EnrollmentCreate(Input):
    course_id: UUID


class NextLesson(Output):
    id: UUID
    title: str


class ProgressRead(Output):
    """`percent` is rounded down, so 100 means all. `completed_at` stays when lessons are added later."""

    completed: int
    total: int
    percent: int
    completed_at: datetime | None
    next_lesson: NextLesson | None


class MyCourse(Output):
    id: UUID
    slug: str
    title: str
    status: str


class EnrollmentRead(Output):
    id: UUID
    enrolled_at: datetime
    course: MyCourse
    progress: ProgressRead


class LessonProgress(Output):
    id: UUID
    module_id: UUID
    title: str
    completed_at: datetime | None


class CourseProgress(ProgressRead):
    """Each lesson in the course's order; those not complete have no `completed_at`."""

    course_id: UUID
    lessons: list[LessonProgress]


class LessonWithFiles(LessonRead):
    """A lesson as its reader sees it."""

    files: list[FileRead]
