"""/api/v1/courses/{id}/...: modules, lessons and announcements of a course."""

from typing import Annotated, Any
from uuid import UUID

from services.catalog.courses import announcements, lessons, modules
from services.catalog.courses.schemas import (
    AnnouncementCreate,
    AnnouncementRead,
    LessonCreate,
    LessonRead,
    LessonUpdate,
    ModuleCreate,
    ModuleRead,
    ModuleUpdate,
)
from services.catalog.visitors import Visitor
from shared.auth import Actor, require
from shared.bodies import MARKDOWN_LIMIT, TEXT_LIMIT
from shared.database import SessionDep
from shared.limits import refusals
from shared.preconditions import IfMatch
from shared.routing import AcademyRouter

router = AcademyRouter(prefix="/api/v1/courses/{course_id}", tags=["courses"])
Author = Annotated[Actor, require("courses:write")]


@router.post("/modules", response_model=ModuleRead, status_code=201)
def add_module(session: SessionDep, actor: Author, course_id: UUID, body: ModuleCreate) -> Any:
    """A new module, last unless `position` says where."""
    return modules.add_module(session, course_id, Visitor.of(actor), body.title, body.position)


@router.patch("/modules/{module_id}", response_model=ModuleRead)
def edit_module(
    session: SessionDep, actor: Author, course_id: UUID, module_id: UUID, body: ModuleUpdate, expected: IfMatch
) -> Any:
    """Renames or moves the module."""
    return modules.edit_module(session, course_id, module_id, Visitor.of(actor), body.changes(), expected)


@router.delete("/modules/{module_id}", status_code=204)
def delete_module(session: SessionDep, actor: Author, course_id: UUID, module_id: UUID, expected: IfMatch) -> None:
    """Removes the module with its lessons, of which nobody may have completed one."""
    modules.delete_module(session, course_id, module_id, Visitor.of(actor), expected)


@router.post("/modules/{module_id}/lessons", response_model=LessonRead, status_code=201, max_body_size=MARKDOWN_LIMIT)
def add_lesson(session: SessionDep, actor: Author, course_id: UUID, module_id: UUID, body: LessonCreate) -> Any:
    """A new lesson, last unless `position` says where."""
    return lessons.add_lesson(session, course_id, module_id, Visitor.of(actor), lessons.LessonDraft(**dict(body)))


@router.patch("/lessons/{lesson_id}", response_model=LessonRead, max_body_size=MARKDOWN_LIMIT)
def edit_lesson(
    session: SessionDep, actor: Author, course_id: UUID, lesson_id: UUID, body: LessonUpdate, expected: IfMatch
) -> Any:
    """Changes or moves the lesson."""
    return lessons.edit_lesson(session, course_id, lesson_id, Visitor.of(actor), body.changes(), expected)


@router.delete("/lessons/{lesson_id}", status_code=204)
def delete_lesson(session: SessionDep, actor: Author, course_id: UUID, lesson_id: UUID, expected: IfMatch) -> None:
    """Removes the lesson and its files. A lesson that somebody has completed stays."""
    lessons.delete_lesson(session, course_id, lesson_id, Visitor.of(actor), expected)


@router.post(
    "/announcements",
    response_model=AnnouncementRead,
    status_code=201,
    max_body_size=TEXT_LIMIT,
    responses=refusals(announcements.ANNOUNCEMENTS),
)
def post_announcement(session: SessionDep, actor: Author, course_id: UUID, body: AnnouncementCreate) -> Any:
    """Tells everyone enrolled."""
    return announcements.post_announcement(session, course_id, Visitor.of(actor), body.title, body.body)
