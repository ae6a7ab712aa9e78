"""/api/v1/courses: finding courses, writing them, publishing them."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request

from services.catalog.courses import authoring, browsing, publishing
from services.catalog.courses.schemas import (
    CourseCard,
    CourseCreate,
    CourseDetail,
    CourseRead,
    CourseUpdate,
    OwnCourseCard,
    Status,
)
from services.catalog.settings import Settings
from services.catalog.visitors import Visitor
from shared.auth import OPTIONAL, PUBLIC, Actor, require
from shared.bodies import MARKDOWN_LIMIT
from shared.database import ReadDep, SessionDep
from shared.hot_routes import HotAnswer
from shared.limits import refusals
from shared.pagination import Page, PageDep
from shared.preconditions import IfMatch
from shared.routing import AcademyRouter

router = AcademyRouter(prefix="/api/v1", tags=["courses"])
Author = Annotated[Actor, require("courses:write")]
Publisher = Annotated[Actor, require("courses:publish")]
Admin = Annotated[Actor, require("courses:admin")]
Search = Annotated[str, Query(max_length=200, description="Beginnings of words of the title or the summary")]


@router.get("/courses", response_model=Page[CourseCard], dependencies=[PUBLIC])
def list_courses(session: ReadDep, page: PageDep, query: Search = "") -> HotAnswer:
    """Courses for sale, newest first."""
    items, next_cursor = browsing.list_published(session, query, page)
    return HotAnswer(items=items, next_cursor=next_cursor)


@router.get("/courses/teaching", response_model=Page[OwnCourseCard])
def list_teaching(session: ReadDep, page: PageDep, actor: Author) -> Any:
    """The courses I teach, in all states, newest first."""
    items, next_cursor = browsing.list_teaching(session, actor.user_id, page)
    return {"items": items, "next_cursor": next_cursor}


@router.get("/admin/courses", response_model=Page[OwnCourseCard])
def list_all_courses(
    session: ReadDep, page: PageDep, _actor: Admin, status: Status | None = None, query: Search = ""
) -> Any:
    """Everybody's courses, newest first."""
    items, next_cursor = browsing.list_all(session, status, query, page)
    return {"items": items, "next_cursor": next_cursor}


@router.get("/courses/{course}", response_model=CourseDetail)
def read_course(session: ReadDep, course: str, actor: Annotated[Actor | None, OPTIONAL]) -> HotAnswer:
    """A course with its outline, by id or slug. Drafts are shown to their instructor only."""
    return HotAnswer(browsing.get_detail(session, course, Visitor.of(actor)))


@router.post(
    "/courses",
    response_model=CourseRead,
    status_code=201,
    max_body_size=MARKDOWN_LIMIT,
    responses=refusals(authoring.NEW_COURSES),
)
def create_course(request: Request, session: SessionDep, actor: Author, body: CourseCreate) -> Any:
    """A new draft of mine. Its slug is made from the title and stays."""
    settings: Settings = request.app.state.settings
    about = authoring.Description(**dict(body))
    return authoring.create_course(session, actor.user_id, about, settings.courses_per_instructor)


@router.patch("/courses/{course_id}", response_model=CourseRead, max_body_size=MARKDOWN_LIMIT)
def edit_course(session: SessionDep, actor: Author, course_id: UUID, body: CourseUpdate, expected: IfMatch) -> Any:
    """Changes what is sent, leaves the rest."""
    return authoring.edit_course(session, course_id, Visitor.of(actor), body.changes(), expected)


@router.post("/courses/{course_id}/publish", response_model=CourseRead)
def publish_course(session: SessionDep, actor: Publisher, course_id: UUID) -> Any:
    """Puts the course up for sale. 409 names what is missing."""
    return publishing.publish_course(session, course_id, Visitor.of(actor))


@router.post("/courses/{course_id}/archive", response_model=CourseRead)
def archive_course(session: SessionDep, actor: Publisher, course_id: UUID) -> Any:
    """Takes the course off sale for good; its learners keep access."""
    return publishing.archive_course(session, course_id, Visitor.of(actor))
