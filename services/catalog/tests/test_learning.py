"""A learner enrolls, reads, completes lesson after lesson, and with the last one the course."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

from uuid_utils.compat import uuid7

from services.catalog.tests.school import PAID, School, answer
from shared.events import CourseCompleted, EnrollmentGranted, LessonCompleted
from shared.testing.harness import Caller

ENROLLMENTS = "/api/v1/enrollments"


def test_enrolling_in_a_free_course_opens_it_once(school: School) -> None:
    course = school.course(title="Free for all")
    student = school.catalog.caller()
    first = answer(student.post(ENROLLMENTS, json={"course_id": course.id}), 201)
    again = answer(student.post(ENROLLMENTS, json={"course_id": course.id}), 201)
    assert again == first
    (event,) = school.catalog.published(EnrollmentGranted, first["id"])
    assert (event.user_id, str(event.course_id)) == (student.user_id, course.id)
    assert (event.course_title, event.order_id, event.version, event.active) == ("Free for all", None, 1, True)


def test_enrolling_many_times_at_once_is_enrolling_once(school: School) -> None:
    course = school.course()
    student = school.catalog.caller()
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: student.post(ENROLLMENTS, json={"course_id": course.id}), range(6)))
    (enrollment,) = {answer(response, 201)["id"] for response in answers}
    assert len(school.catalog.published(EnrollmentGranted, enrollment)) == 1


def test_a_course_that_costs_money_is_not_given_away(school: School) -> None:
    course = school.course(price=PAID)
    student = school.catalog.caller()
    problem = answer(student.post(ENROLLMENTS, json={"course_id": course.id}), 409)
    assert problem["type"] == "urn:academy:problem:course-not-free"
    assert answer(student.get(ENROLLMENTS))["items"] == []


def test_only_published_courses_can_be_joined(school: School) -> None:
    student = school.catalog.caller()
    for course_id in (school.draft().id, str(uuid7())):
        assert student.post(ENROLLMENTS, json={"course_id": course_id}).status_code == 404
    bodies: list[Any] = [{}, {"course_id": "x"}, {"course_id": None}, {"course_id": str(uuid7()), "user_id": "x"}, []]
    for body in bodies:
        assert student.post(ENROLLMENTS, json=body).status_code == 422


def test_my_courses_show_progress_and_where_to_go_on(school: School) -> None:
    course = school.course(lessons=3)
    student = school.learner(course)
    answer(student.post(f"{course.lesson_url(0)}/complete"))
    answer(student.post(f"{course.lesson_url(2)}/complete"))
    (mine,) = answer(student.get(ENROLLMENTS))["items"]
    assert mine["course"]["id"] == course.id
    progress = mine["progress"]
    assert (progress["completed"], progress["total"], progress["percent"]) == (2, 3, 66)
    assert progress["next_lesson"] == {"id": course.lessons[1], "title": "Lesson 2"}
    assert progress["completed_at"] is None


def test_my_courses_come_in_pages_newest_first(school: School) -> None:
    student = school.catalog.caller()
    courses = [school.course() for _ in range(3)]
    for course in courses:
        answer(student.post(ENROLLMENTS, json={"course_id": course.id}), 201)
    first = answer(student.get(ENROLLMENTS, params={"limit": 2}))
    second = answer(student.get(ENROLLMENTS, params={"limit": 2, "cursor": first["next_cursor"]}))
    shown = [item["course"]["id"] for item in first["items"] + second["items"]]
    assert shown == [course.id for course in courses[::-1]]
    assert second["next_cursor"] is None


def test_progress_lists_each_lesson(school: School) -> None:
    course = school.course(lessons=2)
    student = school.learner(course)
    done = answer(student.post(f"{course.lesson_url(1)}/complete"))
    again = answer(student.post(f"{course.lesson_url(1)}/complete"))
    assert again == done == answer(student.get(f"{course.url}/progress"))
    assert [lesson["id"] for lesson in done["lessons"]] == course.lessons
    assert done["lessons"][0]["completed_at"] is None
    assert datetime.fromisoformat(done["lessons"][1]["completed_at"])
    assert (done["completed"], done["percent"]) == (1, 50)


def test_the_last_lesson_completes_the_course_once(school: School) -> None:
    course = school.course(lessons=2, title="Whole")
    student = school.learner(course)
    answer(student.post(f"{course.lesson_url(0)}/complete"))
    assert not school.told(CourseCompleted, student, course)
    done = answer(student.post(f"{course.lesson_url(1)}/complete"))
    assert done["percent"] == 100
    assert done["next_lesson"] is None
    answer(student.post(f"{course.lesson_url(1)}/complete"))
    answer(student.delete(f"{course.lesson_url(0)}/complete"))
    answer(student.post(f"{course.lesson_url(0)}/complete"))
    (event,) = school.told(CourseCompleted, student, course)
    assert (str(event.course_id), event.course_title, event.version) == (course.id, "Whole", 4)
    lessons = [
        (lesson.completed_lessons, lesson.lesson_count) for lesson in school.told(LessonCompleted, student, course)
    ]
    assert lessons == [(1, 2), (2, 2), (2, 2)]
    assert event.completed_at == datetime.fromisoformat(done["completed_at"])


def test_the_last_two_lessons_at_once_complete_the_course_once(school: School) -> None:
    for _ in range(8):
        course = school.course(lessons=2)
        student = school.learner(course)
        start = threading.Barrier(2)

        def complete(url: str, start: threading.Barrier = start, student: Caller = student) -> int:
            start.wait()
            return int(student.post(url).status_code)

        with ThreadPoolExecutor(2) as pool:
            urls = [f"{course.lesson_url(index)}/complete" for index in range(2)]
            assert list(pool.map(complete, urls)) == [200, 200]
        assert len(school.told(CourseCompleted, student, course)) == 1


def test_a_mark_can_be_taken_back_but_a_completed_course_stays_completed(school: School) -> None:
    course = school.course(lessons=1)
    student = school.learner(course)
    answer(student.post(f"{course.lesson_url()}/complete"))
    for _ in range(2):
        undone = answer(student.delete(f"{course.lesson_url()}/complete"))
    assert (undone["completed"], undone["percent"]) == (0, 0)
    assert undone["completed_at"] is not None


def test_a_lesson_added_later_lowers_progress_but_not_the_completion(school: School) -> None:
    course = school.course(lessons=1)
    student = school.learner(course)
    answer(student.post(f"{course.lesson_url()}/complete"))
    added = course.lesson()
    (mine,) = answer(student.get(ENROLLMENTS))["items"]
    assert mine["progress"]["percent"] == 50
    assert mine["progress"]["next_lesson"]["id"] == added
    assert mine["progress"]["completed_at"] is not None
    answer(student.post(f"{course.lesson_url(1)}/complete"))
    assert len(school.told(CourseCompleted, student, course)) == 1


def test_removing_the_only_lesson_left_to_do_completes_the_course(school: School) -> None:
    course = school.course(lessons=2)
    nearly, barely = school.learner(course), school.learner(course)
    answer(nearly.post(f"{course.lesson_url(0)}/complete"))
    answer(course.instructor.delete(course.lesson_url(1)), 204)
    assert len(school.told(CourseCompleted, nearly, course)) == 1
    assert not school.told(CourseCompleted, barely, course)
    assert answer(nearly.get(f"{course.url}/progress"))["percent"] == 100


def test_lesson_that_somebody_completed_cannot_be_deleted(school: School) -> None:
    course = school.course(lessons=2)
    spare = course.module("Spare")
    student = school.learner(course)
    answer(student.post(f"{course.lesson_url(0)}/complete"))
    module = f"{course.url}/modules/{course.modules[0]}"
    course.lesson(spare)
    for url in (course.lesson_url(0), module):
        refused = answer(course.instructor.delete(url), 409)
        assert refused["type"] == "urn:academy:problem:lesson-has-completions"
    assert answer(student.get(f"{course.url}/progress"))["percent"] == 33
    # Nobody has completed the others.
    answer(course.instructor.delete(course.lesson_url(1)), 204)
    answer(student.delete(f"{course.lesson_url(0)}/complete"))
    answer(course.instructor.delete(module), 204)


def test_lessons_and_progress_of_nothing_are_not_found(school: School) -> None:
    course = school.course()
    student = school.learner(course)
    assert student.post(f"{course.url}/lessons/{uuid7()}/complete").status_code == 404
    assert student.post(f"/api/v1/courses/{uuid7()}/lessons/{uuid7()}/complete").status_code == 404
    assert student.get(f"/api/v1/courses/{uuid7()}/progress").status_code == 404
    assert student.get(f"{course.url}/lessons/not-an-id").status_code == 422


def test_editing_and_completing_at_once_never_fail(school: School) -> None:
    course = school.course(lessons=5)
    students = [school.learner(course) for _ in range(4)]

    def complete_all(student: Caller) -> list[int]:
        urls = [f"{course.url}/lessons/{lesson}/complete" for lesson in lessons]
        return [student.post(url).status_code for url in urls]

    lessons = course.lessons[:]
    with ThreadPoolExecutor(5) as pool:
        edits = pool.submit(lambda: {n: course.instructor.delete(course.lesson_url(n)).status_code for n in (4, 3, 2)})
        results = list(pool.map(complete_all, students))
    # Either it is deleted and nobody has completed it, or the other way round.
    for number, edited in edits.result().items():
        completed = {statuses[number] for statuses in results}
        assert (edited, completed) == (204, {404}) or (edited == 409 and 200 in completed)
    assert {status for statuses in results for status in statuses} <= {200, 404}
    for student in students:
        assert len(school.told(CourseCompleted, student, course)) == 1
