"""Two people who write the same course do not overwrite each other unseen."""

from typing import Any

import pytest

from services.catalog.tests.school import School, TaughtCourse, answer


def _part(course: TaughtCourse, part: str) -> tuple[str, int]:
    """The address of a part of the course, and its version as the course's detail tells it."""
    detail = answer(course.instructor.get(course.url))
    module = detail["modules"][0]
    lesson = module["lessons"][0]
    return {
        "course": (course.url, detail["version"]),
        "module": (f"{course.url}/modules/{module['id']}", module["version"]),
        "lesson": (f"{course.url}/lessons/{lesson['id']}", lesson["version"]),
    }[part]


@pytest.mark.parametrize("part", ["course", "module", "lesson"])
def test_a_change_of_what_somebody_else_has_changed_is_refused(school: School, part: str) -> None:
    course = school.draft(lessons=2)
    url, version = _part(course, part)
    mine = {"If-Match": f'"{version}"'}
    assert course.instructor.request("PATCH", url, json={"title": "Blind"}).status_code == 428
    changed = answer(course.instructor.patch(url, json={"title": "First"}, headers=mine))
    assert changed["version"] > version
    assert course.instructor.patch(url, json={"title": "Second"}, headers=mine).status_code == 412
    assert _part(course, part) == (url, changed["version"])


@pytest.mark.parametrize("part", ["module", "lesson"])
def test_what_somebody_else_has_changed_is_not_deleted_unseen(school: School, part: str) -> None:
    course = school.draft(lessons=2)
    url, version = _part(course, part)
    answer(course.instructor.patch(url, json={"title": "Now important"}))
    assert course.instructor.request("DELETE", url).status_code == 428
    assert course.instructor.delete(url, headers={"If-Match": f'"{version}"'}).status_code == 412
    answer(course.instructor.delete(url, headers={"If-Match": f'"{version + 1}"'}), 204)


def test_a_change_of_one_lesson_is_no_obstacle_to_a_change_of_another(school: School) -> None:
    course = school.draft(lessons=2)
    second = course.instructor.get(course.lesson_url(1)).headers["ETag"]
    answer(course.instructor.patch(course.lesson_url(0), json={"title": "First", "position": 2}))
    answer(course.instructor.patch(course.lesson_url(1), json={"title": "Second"}, headers={"If-Match": second}))


def test_every_change_of_the_outline_gives_the_course_another_tag(school: School) -> None:
    course = school.draft(lessons=2)
    url, _ = _part(course, "module")

    def tag() -> Any:
        return course.instructor.get(course.url).headers["ETag"]

    tags = [tag()]
    for method, address, body in (
        ("PATCH", course.lesson_url(0), {"title": "Other"}),
        ("PATCH", course.lesson_url(0), {"position": 2}),
        ("PATCH", url, {"title": "Other"}),
        ("DELETE", course.lesson_url(1), None),
    ):
        course.instructor.request(method, address, json=body, headers={"If-Match": "*"})
        tags.append(tag())
    assert len(set(tags)) == len(tags)
