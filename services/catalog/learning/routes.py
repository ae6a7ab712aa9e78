"""/api/v1/enrollments and the learner's side of /api/v1/courses/{id}: lessons, progress, announcements."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import BackgroundTasks, Request

from services.catalog.courses import announcements
from services.catalog.courses.schemas import AnnouncementRead, LessonRead
from services.catalog.files import library
from services.catalog.learning import access, completion, enrollments, my_courses, openings, progress
from services.catalog.learning.schemas import (
    CourseProgress,
    EnrollmentCreate,
    EnrollmentRead,
    LessonWithFiles,
)
from services.catalog.visitors import Visitor
from shared.auth import OPTIONAL, Actor, require
from shared.database import ReadDep, SessionDep
from shared.head_requests import is_head
from shared.hot_routes import HotAnswer
from shared.pagination import Page, PageDep
from shared.routing import AcademyRouter

router = AcademyRouter(prefix="/api/v1", tags=["learning"])
Learner = Annotated[Actor, require("courses:learn")]


@router.post(
    "/enrollments",
    response_model=EnrollmentRead,
    status_code=201,
    responses={404: {"description": "There is no such course"}},
)
def enroll(session: SessionDep, actor: Learner, body: EnrollmentCreate) -> Any:
    """Enrolls me in a free course. 409 when it costs money: that goes through a checkout. Safe to repeat."""
    enrollment_id = enrollments.enroll_free(session, body.course_id, actor.user_id)
    return my_courses.get_enrollment(session, enrollment_id)


@router.get("/enrollments", response_model=Page[EnrollmentRead])
def list_enrollments(session: ReadDep, actor: Learner, page: PageDep) -> HotAnswer:
    """My courses with progress and the next lesson, newest first."""
    items, next_cursor = my_courses.list_enrollments(session, actor.user_id, page)
    return HotAnswer(items=items, next_cursor=next_cursor)


@router.get("/courses/{course_id}/lessons/{lesson_id}", response_model=LessonWithFiles)
def read_lesson(
    request: Request,
    after: BackgroundTasks,
    session: ReadDep,
    actor: Annotated[Actor | None, OPTIONAL],
    course_id: UUID,
    lesson_id: UUID,
) -> Any:
    """A lesson with its files. Previews are for everybody, the rest for the enrolled. A lesson that a buyer was given
    counts for the refund policy."""
    lesson, unopened = access.read_lesson(session, course_id, lesson_id, Visitor.of(actor))
    if actor and unopened and not is_head(request):
        # Behind the answer, and not behind a 304, which stands for an answer that was given before.
        after.add_task(openings.record_opening_later, request.app.state.database, lesson.id, actor.user_id)
    files = library.list_lesson_files(session, lesson.id)
    return {**LessonRead.model_validate(lesson).model_dump(), "files": files}


@router.post("/courses/{course_id}/lessons/{lesson_id}/complete", response_model=CourseProgress)
def complete_lesson(session: SessionDep, actor: Learner, course_id: UUID, lesson_id: UUID) -> HotAnswer:
    """Marks the lesson complete; with the last one the course is completed. Safe to repeat."""
    return HotAnswer(vars(completion.complete_lesson(session, course_id, lesson_id, actor.user_id)))


@router.delete("/courses/{course_id}/lessons/{lesson_id}/complete", response_model=CourseProgress)
def undo_lesson(session: SessionDep, actor: Learner, course_id: UUID, lesson_id: UUID) -> HotAnswer:
    """Takes the mark back. A completed course stays completed. Safe to repeat."""
    return HotAnswer(vars(completion.undo_lesson(session, course_id, lesson_id, actor.user_id)))


@router.get("/courses/{course_id}/progress", response_model=CourseProgress)
def read_progress(session: ReadDep, actor: Learner, course_id: UUID) -> HotAnswer:
    """How far I am: each lesson with when I completed it."""
    return HotAnswer(vars(progress.get_progress(session, course_id, actor.user_id)))


@router.get("/courses/{course_id}/announcements", response_model=Page[AnnouncementRead])
def list_announcements(session: ReadDep, actor: Learner, course_id: UUID, page: PageDep) -> Any:
    """The instructor's news, newest first; for the enrolled."""
    access.check_may_follow(session, course_id, Visitor.of(actor))
    items, next_cursor = announcements.list_announcements(session, course_id, page)
    return {"items": items, "next_cursor": next_cursor}
