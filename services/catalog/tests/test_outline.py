"""Modules and lessons: written, moved, removed."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from uuid_utils.compat import uuid7

from services.catalog.courses.announcements import ANNOUNCEMENTS
from services.catalog.tests.school import School, TaughtCourse, answer
from shared.events import AnnouncementPosted, CourseUpdated
from shared.testing.harness import Caller
from shared.testing.limits import assert_refused, end_period, use_up


def test_lessons_stand_where_they_are_put(school: School) -> None:
    course = school.draft(lessons=0)
    module = course.module()
    a, b = course.lesson(module), course.lesson(module)
    first = course.lesson(module, position=1)
    last = course.lesson(module, position=99)
    assert course.outline() == [[first, a, b, last]]


def test_lessons_move_within_and_between_modules(school: School) -> None:
    course = school.draft(lessons=0)
    one, two = course.module("One"), course.module("Two")
    a, b, c = (course.lesson(one) for _ in range(3))
    d = course.lesson(two)
    _move(course, c, position=1)
    assert course.outline() == [[c, a, b], [d]]
    _move(course, a, module_id=two, position=1)
    assert course.outline() == [[c, b], [a, d]]
    _move(course, c, module_id=two)
    assert course.outline() == [[b], [a, d, c]]
    _move(course, b, position=50)
    assert course.outline() == [[b], [a, d, c]]


def test_modules_move_with_their_lessons(school: School) -> None:
    course = school.draft(lessons=0)
    modules = [course.module(f"Module {n}") for n in range(3)]
    a, b, c = (course.lesson(module) for module in modules)
    moved = answer(course.instructor.patch(f"{course.url}/modules/{modules[2]}", json={"position": 1, "title": "Top"}))
    assert (moved["position"], moved["title"]) == (1, "Top")
    assert course.outline() == [[c], [a], [b]]


def test_removing_closes_the_gap(school: School) -> None:
    course = school.draft(lessons=0)
    one, two = course.module(), course.module()
    a, b = course.lesson(one), course.lesson(one)
    c = course.lesson(two)
    answer(course.instructor.delete(f"{course.url}/lessons/{a}"), 204)
    assert course.outline() == [[b], [c]]
    answer(course.instructor.delete(f"{course.url}/modules/{one}"), 204)
    assert course.outline() == [[c]]
    assert answer(course.instructor.get(course.url))["lesson_count"] == 1


def test_a_published_course_keeps_a_lesson(school: School) -> None:
    course = school.course(lessons=1)
    module = answer(course.instructor.get(course.url))["modules"][0]["id"]
    for url in (course.lesson_url(), f"{course.url}/modules/{module}"):
        assert answer(course.instructor.delete(url), 409)["type"] == "urn:academy:problem:last-lesson"
    empty = course.module()
    answer(course.instructor.delete(f"{course.url}/modules/{empty}"), 204)
    assert course.outline() == [course.lessons]


def test_outline_changes_of_a_published_course_are_told(school: School) -> None:
    course = school.course(lessons=2)
    module = course.module()
    _move(course, course.lessons[0], module_id=module)
    answer(course.instructor.delete(course.lesson_url(1)), 204)
    updated = school.catalog.published(CourseUpdated, course.id)
    assert [event.lesson_count for event in updated] == [2, 2, 1]


def test_parts_of_another_course_are_not_found(school: School) -> None:
    mine, other = school.draft(lessons=0), school.draft(lessons=1)
    mine_module = mine.module()
    others_module = answer(other.instructor.get(other.url))["modules"][0]["id"]
    me = mine.instructor
    lesson = mine.lesson(mine_module)
    assert me.post(f"{mine.url}/modules/{others_module}/lessons", json={"title": "x"}).status_code == 404
    assert me.patch(f"{mine.url}/modules/{others_module}", json={"title": "x"}).status_code == 404
    assert me.delete(f"{mine.url}/modules/{others_module}").status_code == 404
    assert me.patch(f"{mine.url}/lessons/{other.lessons[0]}", json={"title": "x"}).status_code == 404
    assert me.delete(f"{mine.url}/lessons/{other.lessons[0]}").status_code == 404
    assert me.patch(f"{mine.url}/lessons/{lesson}", json={"module_id": others_module}).status_code == 404
    assert me.get(f"{mine.url}/lessons/{other.lessons[0]}").status_code == 404


@pytest.mark.parametrize("position", [0, -1, "1", 1.5, True, 10**12])
def test_positions_are_small_whole_numbers(school: School, position: object) -> None:
    course = school.draft()
    problem = answer(course.instructor.patch(course.lesson_url(), json={"position": position}), 422)
    assert problem["errors"][0]["field"] == "position"


def test_announcements_reach_the_bus_and_the_enrolled(school: School) -> None:
    course = school.course()
    student = school.learner(course)
    body = {"title": "News", "body": "Exam on Friday"}
    posted = answer(course.instructor.post(f"{course.url}/announcements", json=body), 201)
    (event,) = school.catalog.published(AnnouncementPosted, posted["id"])
    assert (str(event.course_id), event.title, event.body) == (course.id, "News", "Exam on Friday")
    assert event.author_id == course.instructor.user_id
    assert answer(student.get(f"{course.url}/announcements"))["items"] == [posted]
    assert school.catalog.caller().get(f"{course.url}/announcements").status_code == 403


def announce(course: TaughtCourse, by: Caller | None = None) -> Any:
    return (by or course.instructor).post(f"{course.url}/announcements", json={"title": "News", "body": "x"})


def test_more_announcements_than_a_course_may_make_in_a_day_are_refused(school: School) -> None:
    course, other = school.course(), school.course()
    use_up(school.catalog, ANNOUNCEMENTS, course.id, left=1)
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda _: announce(course), range(3)))
    assert sorted(answer.status_code for answer in answers) == [201, 429, 429]
    assert_refused(announce(course), ANNOUNCEMENTS)
    assert_refused(announce(course, school.catalog.caller("admin")), ANNOUNCEMENTS)
    assert len(answer(course.instructor.get(f"{course.url}/announcements"))["items"]) == 1
    assert announce(other).status_code == 201
    end_period(school.catalog, ANNOUNCEMENTS, course.id)
    assert announce(course).status_code == 201


def test_a_draft_has_nobody_to_tell(school: School) -> None:
    course = school.draft()
    response = course.instructor.post(f"{course.url}/announcements", json={"title": "News", "body": "x"})
    assert answer(response, 409)["type"] == "urn:academy:problem:course-not-published"


def test_bad_announcements_are_refused(school: School) -> None:
    course = school.course()
    for field, value in (("title", ""), ("body", " "), ("body", "x" * 10_001), ("to", "all")):
        body = {"title": "News", "body": "x", field: value}
        problem = answer(course.instructor.post(f"{course.url}/announcements", json=body), 422)
        assert problem["errors"][0]["field"] == field
    unknown = course.instructor.post(f"/api/v1/courses/{uuid7()}/announcements", json={"title": "x", "body": "y"})
    assert unknown.status_code == 404


def _move(course: TaughtCourse, lesson: str, **where: object) -> None:
    moved = answer(course.instructor.patch(f"{course.url}/lessons/{lesson}", json=where))
    assert moved["id"] == lesson
