"""The routes that are asked most: their answers, which nothing validates on the way out, and budgets of queries."""

from typing import Any

from pydantic import TypeAdapter

from services.catalog.courses.schemas import CourseCard, CourseDetail
from services.catalog.learning.schemas import CourseProgress, EnrollmentRead
from services.catalog.tests.school import COURSES, School, answer
from services.catalog.tests.statements import counted_statements
from shared.pagination import Page

ENROLLMENTS = "/api/v1/enrollments"


def assert_is(model: Any, shown: Any) -> None:
    """The answer has each member of the model, none that the model does not know, and all of them as it writes them."""
    adapter: TypeAdapter[Any] = TypeAdapter(model)
    assert adapter.dump_python(adapter.validate_python(shown), mode="json") == shown


def test_hot_answers_are_what_the_api_promises(school: School) -> None:
    course = school.course(lessons=2)
    student = school.learner(course)
    assert_is(Page[CourseCard], answer(school.catalog.client.get(COURSES)))
    assert_is(CourseDetail, answer(school.catalog.client.get(course.url)))
    assert_is(Page[EnrollmentRead], answer(student.get(ENROLLMENTS)))
    assert_is(CourseProgress, answer(student.post(f"{course.lesson_url(0)}/complete")))
    assert_is(CourseProgress, answer(student.post(f"{course.lesson_url(1)}/complete")))
    assert_is(CourseProgress, answer(student.get(f"{course.url}/progress")))
    assert_is(Page[EnrollmentRead], answer(student.get(ENROLLMENTS)))
    assert_is(CourseProgress, answer(student.delete(f"{course.lesson_url(0)}/complete")))


def test_a_module_without_lessons_is_in_the_outline(school: School) -> None:
    course = school.draft(lessons=1)
    course.module("Still empty")
    detail = answer(course.instructor.get(course.url))
    assert_is(CourseDetail, detail)
    assert [len(module["lessons"]) for module in detail["modules"]] == [1, 0]


def test_completing_a_lesson_takes_one_query_however_long_the_course_is(school: School) -> None:
    course = school.course(lessons=6)
    student = school.learner(course)
    with counted_statements(school.catalog) as statements:
        answer(student.post(f"{course.lesson_url(0)}/complete"))
    # The mark with the progress; the lock travels with it, the event with the commit.
    assert len(statements) == 1, statements


def test_progress_takes_one_query_however_long_the_course_is(school: School) -> None:
    course = school.course(lessons=6)
    student = school.learner(course)
    with counted_statements(school.catalog) as statements:
        answer(student.get(f"{course.url}/progress"))
    assert len(statements) == 1, statements


def test_the_answer_to_the_last_lesson_tells_that_the_course_is_completed(school: School) -> None:
    course = school.course(lessons=1)
    student = school.learner(course)
    told = answer(student.post(f"{course.lesson_url(0)}/complete"))
    assert told["completed_at"]
    assert answer(student.post(f"{course.lesson_url(0)}/complete")) == told
    assert answer(student.get(f"{course.url}/progress")) == told
