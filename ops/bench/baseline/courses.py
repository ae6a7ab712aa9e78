"""The public side: the list of courses and a course with its outline."""

from typing import Any
from uuid import UUID

from flask import Blueprint, abort
from sqlalchemy import select
from sqlalchemy.orm import selectinload, undefer

from ops.bench.baseline.models import Course, Module, db

courses = Blueprint("courses", __name__)
PAGE = 20


@courses.get("/api/v1/courses")
def list_courses() -> dict[str, Any]:
    """The newest courses for sale."""
    newest = select(Course).where(Course.status == "published").order_by(Course.published_at.desc(), Course.id.desc())
    found = db.session.scalars(newest.limit(PAGE + 1)).all()
    return {"items": [card_of(course) for course in found[:PAGE]], "more": len(found) > PAGE}


@courses.get("/api/v1/courses/<uuid:course_id>")
def read_course(course_id: UUID) -> dict[str, Any]:
    """A course with its outline."""
    outline = selectinload(Course.modules).selectinload(Module.lessons)
    texts = (undefer(Course.description), undefer(Course.description_html))
    course = db.session.scalar(select(Course).where(Course.id == course_id).options(outline, *texts))
    if course is None or course.status != "published":
        abort(404)
    return {
        **card_of(course),
        "status": course.status,
        "version": course.version,
        "created_at": course.created_at.isoformat(),
        "updated_at": course.updated_at.isoformat(),
        "description": course.description,
        "description_html": course.description_html,
        "modules": [_module(module) for module in course.modules],
    }


def card_of(course: Course) -> dict[str, Any]:
    """A course as lists show it."""
    return {
        "id": course.id,
        "slug": course.slug,
        "title": course.title,
        "summary": course.summary,
        "language": course.language,
        "price": {"amount": course.price_amount, "currency": course.price_currency},
        "instructor_id": course.instructor_id,
        "lesson_count": course.lesson_count,
        "published_at": course.published_at.isoformat() if course.published_at else None,
    }


def _module(module: Module) -> dict[str, Any]:
    lessons = [
        {"id": lesson.id, "title": lesson.title, "position": lesson.position, "is_preview": lesson.is_preview}
        for lesson in module.lessons
    ]
    return {"id": module.id, "title": module.title, "position": module.position, "lessons": lessons}
