"""What a buyer was given of a course is told once for each lesson; what shows nothing new is not."""

from typing import Any
from uuid import UUID

from services.catalog.tests.samples import FILES, PDF, PDF_TYPE, upload
from services.catalog.tests.school import PAID, Order, School, TaughtCourse, answer
from shared.events import LessonOpened
from shared.testing import wait_until
from shared.testing.harness import Caller


def buyer(school: School, course: TaughtCourse) -> Caller:
    student = school.catalog.caller()
    school.catalog.deliver(Order(student.user_id, course.id).paid())
    return student


def opened(school: School, student: Caller, course: TaughtCourse) -> list[str]:
    """The lessons that were told of, sorted."""
    return sorted(str(event.lesson_id) for event in school.told(LessonOpened, student, course))


def wait_for(school: School, student: Caller, course: TaughtCourse, lessons: list[str]) -> None:
    """It is told behind the answer."""
    wait_until(lambda: opened(school, student, course) == sorted(lessons), what="the openings are told")


def test_the_first_reading_of_each_lesson_is_told_once(school: School) -> None:
    course = school.course(lessons=3, price=PAID)
    student = buyer(school, course)
    for index in (0, 0, 1, 0, 1):
        answer(student.get(course.lesson_url(index)))
    wait_for(school, student, course, course.lessons[:2])
    [event, _] = school.told(LessonOpened, student, course)
    assert (event.user_id, event.course_id, event.lesson_count) == (student.user_id, UUID(course.id), 3)


def test_a_head_a_304_a_preview_and_a_refusal_are_no_reading(school: School) -> None:
    course = school.course(lessons=2, price=PAID)
    preview = course.lesson(is_preview=True)
    student, known = buyer(school, course), course.instructor.get(course.lesson_url(0)).headers["ETag"]
    student.request("HEAD", course.lesson_url(0))
    assert student.get(course.lesson_url(0), headers={"If-None-Match": known}).status_code == 304
    answer(student.get(f"{course.url}/lessons/{preview}"))
    answer(school.catalog.caller().get(course.lesson_url(0)), 403)
    # What is told later than all of these is told alone.
    answer(student.get(course.lesson_url(1), headers={"If-None-Match": '"other"'}))
    wait_for(school, student, course, [course.lessons[1]])


def test_the_first_download_opens_its_lesson_and_later_ranges_nothing(school: School) -> None:
    course = school.course(price=PAID)
    file = answer(upload(course.instructor, course, "a.pdf", PDF, PDF_TYPE), 201)
    student, url = buyer(school, course), f"{FILES}/{file['id']}"
    answer(student.get(url))
    student.request("HEAD", f"{url}/content")
    assert opened(school, student, course) == []
    for first in (0, 4, 9):
        assert student.get(f"{url}/content", headers={"Range": f"bytes={first}-"}).status_code == 200
    assert opened(school, student, course) == course.lessons


def test_of_a_free_enrollment_and_of_the_instructor_nothing_is_recorded(school: School) -> None:
    free, course = school.course(), school.course(price=PAID)
    learner, student = school.learner(free), buyer(school, course)
    answer(learner.get(free.lesson_url()))
    answer(course.instructor.get(course.lesson_url()))
    answer(student.get(course.lesson_url()))
    wait_for(school, student, course, course.lessons)
    assert opened(school, learner, free) == opened(school, course.instructor, course) == []


def test_a_lesson_that_was_opened_can_be_deleted(school: School) -> None:
    course: Any = school.course(lessons=2, price=PAID)
    student = buyer(school, course)
    answer(student.get(course.lesson_url(0)))
    wait_for(school, student, course, course.lessons[:1])
    version = course.instructor.get(course.lesson_url(0)).headers["ETag"]
    answer(course.instructor.delete(course.lesson_url(0), headers={"If-Match": version}), 204)
