"""Who may do what with somebody's course: every door, every kind of visitor."""

from collections.abc import Callable
from typing import Any

import pytest

from services.catalog.tests.school import COURSES, FREE, School, TaughtCourse, answer
from shared.testing import Harness

Door = Callable[[TaughtCourse], tuple[str, str, Any]]

WRITING: dict[str, Door] = {
    "edit": lambda c: ("PATCH", c.url, {"title": "Mine now"}),
    "publish": lambda c: ("POST", f"{c.url}/publish", None),
    "archive": lambda c: ("POST", f"{c.url}/archive", None),
    "add module": lambda c: ("POST", f"{c.url}/modules", {"title": "x"}),
    "edit module": lambda c: ("PATCH", f"{c.url}/modules/{c.modules[0]}", {"title": "x"}),
    "delete module": lambda c: ("DELETE", f"{c.url}/modules/{c.modules[-1]}", None),
    "add lesson": lambda c: ("POST", f"{c.url}/modules/{c.modules[0]}/lessons", {"title": "x"}),
    "edit lesson": lambda c: ("PATCH", c.lesson_url(), {"title": "x"}),
    "delete lesson": lambda c: ("DELETE", c.lesson_url(1), None),
    "announce": lambda c: ("POST", f"{c.url}/announcements", {"title": "x", "body": "y"}),
}
LEARNING: dict[str, Door] = {
    "lesson": lambda c: ("GET", c.lesson_url(), None),
    "progress": lambda c: ("GET", f"{c.url}/progress", None),
    "complete": lambda c: ("POST", f"{c.lesson_url()}/complete", None),
    "undo": lambda c: ("DELETE", f"{c.lesson_url()}/complete", None),
    "announcements": lambda c: ("GET", f"{c.url}/announcements", None),
}
SIGNED_IN = {"my courses": ("GET", "/api/v1/enrollments"), "teaching": ("GET", f"{COURSES}/teaching")}


@pytest.mark.parametrize("door", WRITING)
def test_only_the_owner_and_admins_change_a_published_course(school: School, door: str) -> None:
    course = school.course(lessons=3)
    course.module()
    method, url, body = WRITING[door](course)
    before = answer(course.instructor.get(course.url))
    assert school.catalog.client.request(method, url, json=body).status_code == 401
    assert school.learner(course).request(method, url, json=body).status_code == 403
    other = answer(school.catalog.caller("instructor").request(method, url, json=body), 403)
    assert other["type"] == "urn:academy:problem:not-your-course"
    assert answer(course.instructor.get(course.url)) == before
    admin = school.catalog.caller("admin")
    assert admin.request(method, url, json=body, headers={"If-Match": "*"}).status_code < 300


@pytest.mark.parametrize("door", WRITING)
def test_strangers_may_not_know_of_a_draft(school: School, door: str) -> None:
    course = school.draft(lessons=2)
    method, url, body = WRITING[door](course)
    assert school.catalog.caller("instructor").request(method, url, json=body).status_code == 404
    for visitor in (school.catalog.client, school.catalog.caller(), school.catalog.caller("instructor")):
        assert visitor.get(course.url).status_code == 404
        assert visitor.get(course.lesson_url()).status_code == 404
    assert course.instructor.get(course.url).status_code == 200
    assert school.catalog.caller("admin").get(course.lesson_url()).status_code == 200


@pytest.mark.parametrize("door", LEARNING)
def test_only_the_enrolled_learn(school: School, door: str) -> None:
    course = school.course(lessons=2)
    method, url, _ = LEARNING[door](course)
    assert school.catalog.client.request(method, url).status_code == 401
    for stranger in (school.catalog.caller(), school.catalog.caller("instructor")):
        assert answer(stranger.request(method, url), 403)["type"] == "urn:academy:problem:not-enrolled"
    assert school.learner(course).request(method, url).status_code == 200


def test_owner_and_admins_read_lessons_without_being_enrolled(school: School) -> None:
    course = school.course()
    for reader in (course.instructor, school.catalog.caller("admin")):
        assert answer(reader.get(course.lesson_url()))["content"] == "Secret **text**"


def test_a_preview_is_readable_by_everybody(school: School) -> None:
    course = school.course(lessons=1)
    course.lesson(is_preview=True)
    for visitor in (school.catalog.client, school.catalog.caller()):
        assert answer(visitor.get(course.lesson_url(1)))["content_html"] == "<p>Secret <strong>text</strong></p>\n"
    assert school.catalog.client.get(course.lesson_url(1), headers={"Authorization": "Bearer x"}).status_code == 401


def test_an_archived_course_stays_open_for_its_learners_only(school: School) -> None:
    course = school.course(lessons=1)
    course.lesson(is_preview=True)
    student = school.learner(course)
    answer(course.instructor.post(f"{course.url}/archive"))
    assert answer(student.get(course.url))["status"] == "archived"
    assert answer(student.get(course.lesson_url()))["id"] == course.lessons[0]
    answer(student.post(f"{course.lesson_url()}/complete"))
    for stranger in (school.catalog.client, school.catalog.caller()):
        assert stranger.get(course.url).status_code == 404
        assert stranger.get(course.lesson_url(1)).status_code == 404
    assert school.catalog.caller().post("/api/v1/enrollments", json={"course_id": course.id}).status_code == 404


def test_writing_needs_the_right_to_write(catalog: Harness) -> None:
    assert catalog.client.post(COURSES, json={"title": "x", "price": FREE}).status_code == 401
    assert catalog.caller().post(COURSES, json={"title": "x", "price": FREE}).status_code == 403
    assert catalog.caller().get(f"{COURSES}/teaching").status_code == 403
    for method, url in SIGNED_IN.values():
        assert catalog.client.request(method, url).status_code == 401
