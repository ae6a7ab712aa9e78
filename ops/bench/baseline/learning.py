"""The learner's side: my courses with progress, and marking a lesson complete."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from flask import Blueprint, abort
from sqlalchemy import Row, and_, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import joinedload

from ops.bench.baseline.accounts import current_user_id
from ops.bench.baseline.models import Course, CourseCompletion, Enrollment, Lesson, LessonCompletion, Module, db

learning = Blueprint("learning", __name__)
PAGE = 20


@learning.get("/api/v1/enrollments")
def my_courses() -> dict[str, Any]:
    """My courses with progress and the next lesson, newest first."""
    mine = select(Enrollment).where(Enrollment.user_id == current_user_id(), Enrollment.active)
    loaded = mine.options(joinedload(Enrollment.course), joinedload(Enrollment.completion))
    newest = loaded.order_by(Enrollment.enrolled_at.desc(), Enrollment.id.desc()).limit(PAGE + 1)
    found = db.session.scalars(newest).all()
    shown = found[:PAGE]
    completed = _completed_counts(shown)
    ahead = _next_lessons(shown)
    items = [_my_course(row, completed.get(row.id, 0), ahead.get(row.id)) for row in shown]
    return {"items": items, "more": len(found) > PAGE}


@learning.post("/api/v1/courses/<uuid:course_id>/lessons/<uuid:lesson_id>/complete")
def complete_lesson(course_id: UUID, lesson_id: UUID) -> dict[str, Any]:
    """Marks the lesson complete; with the last one the course is completed."""
    mine = select(Enrollment).where(
        Enrollment.course_id == course_id, Enrollment.user_id == current_user_id(), Enrollment.active
    )
    locked = mine.options(joinedload(Enrollment.course)).with_for_update(of=Enrollment)
    enrollment = db.session.scalar(locked)
    if enrollment is None:
        abort(403)
    lessons = _lessons_with_marks(enrollment)
    if lesson_id not in {lesson.id for lesson in lessons}:
        abort(404)
    now = datetime.now(UTC)
    mark = insert(LessonCompletion).values(enrollment_id=enrollment.id, lesson_id=lesson_id, completed_at=now)
    db.session.execute(mark.on_conflict_do_nothing())
    done = {lesson.id: lesson.completed_at for lesson in lessons if lesson.completed_at}
    done.setdefault(lesson_id, now)
    completion = db.session.get(CourseCompletion, enrollment.id)
    if completion is None and len(done) == enrollment.course.lesson_count:
        completion = CourseCompletion(enrollment_id=enrollment.id, completed_at=now)
        db.session.add(completion)
    ahead = next((lesson for lesson in lessons if lesson.id not in done), None)
    answer = {
        **_progress(len(done), len(lessons), completion, ahead),
        "course_id": course_id,
        "lessons": [
            {"id": row.id, "module_id": row.module_id, "title": row.title, "completed_at": _time(done.get(row.id))}
            for row in lessons
        ],
    }
    db.session.commit()
    return answer


def _completed_counts(enrollments: Sequence[Enrollment]) -> dict[UUID, int]:
    ids = [enrollment.id for enrollment in enrollments]
    marks = select(LessonCompletion.enrollment_id, func.count()).where(LessonCompletion.enrollment_id.in_(ids))
    return {row[0]: row[1] for row in db.session.execute(marks.group_by(LessonCompletion.enrollment_id))}


def _next_lessons(enrollments: Sequence[Enrollment]) -> dict[UUID, Row[UUID, UUID, str]]:
    """The first lesson of each course that is not complete."""
    mark = and_(LessonCompletion.enrollment_id == Enrollment.id, LessonCompletion.lesson_id == Lesson.id)
    open_lessons = (
        select(Enrollment.id.label("enrollment_id"), Lesson.id, Lesson.title)
        .join(Lesson, Lesson.course_id == Enrollment.course_id)
        .join(Module, Module.id == Lesson.module_id)
        .outerjoin(LessonCompletion, mark)
        .where(Enrollment.id.in_([row.id for row in enrollments]), LessonCompletion.lesson_id.is_(None))
        .order_by(Enrollment.id, Module.position, Lesson.position)
        .distinct(Enrollment.id)
    )
    return {row.enrollment_id: row for row in db.session.execute(open_lessons)}


def _lessons_with_marks(enrollment: Enrollment) -> Sequence[Row[UUID, UUID, str, datetime]]:
    mark = and_(LessonCompletion.enrollment_id == enrollment.id, LessonCompletion.lesson_id == Lesson.id)
    lessons = (
        select(Lesson.id, Lesson.module_id, Lesson.title, LessonCompletion.completed_at)
        .join(Module, Module.id == Lesson.module_id)
        .outerjoin(LessonCompletion, mark)
        .where(Lesson.course_id == enrollment.course_id)
        .order_by(Module.position, Lesson.position)
    )
    return db.session.execute(lessons).all()


def _my_course(enrollment: Enrollment, completed: int, ahead: Any) -> dict[str, Any]:
    course: Course = enrollment.course
    return {
        "id": enrollment.id,
        "enrolled_at": enrollment.enrolled_at.isoformat(),
        "course": {"id": course.id, "slug": course.slug, "title": course.title, "status": course.status},
        "progress": _progress(completed, course.lesson_count, enrollment.completion, ahead),
    }


def _progress(completed: int, total: int, done: CourseCompletion | None, ahead: Any) -> dict[str, Any]:
    return {
        "completed": completed,
        "total": total,
        "percent": 100 * completed // total if total else 0,
        "completed_at": _time(done.completed_at if done else None),
        "next_lesson": {"id": ahead.id, "title": ahead.title} if ahead else None,
    }


def _time(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
