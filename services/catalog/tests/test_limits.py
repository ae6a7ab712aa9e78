"""What one instructor may have: courses, and bytes of files in all of them together."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import text
from uuid_utils.compat import uuid7

from services.catalog.courses.authoring import NEW_COURSES
from services.catalog.files.models import File
from services.catalog.files.uploads import UPLOAD_LIMIT
from services.catalog.tests.conftest import COURSE_QUOTA_BYTES
from services.catalog.tests.samples import PDF, PDF_TYPE
from services.catalog.tests.school import COURSES, FREE, School, TaughtCourse, answer
from shared.testing.harness import Caller
from shared.testing.limits import assert_refused, end_period, use_up

PROBLEM = "urn:academy:problem:"


@pytest.fixture
def settings(school: School) -> Iterator[Any]:
    """Those of the running api, as they were afterwards."""
    present = school.catalog.app.state.settings
    before = (present.courses_per_instructor, present.instructor_quota_bytes)
    yield present
    present.courses_per_instructor, present.instructor_quota_bytes = before


def create(instructor: Caller) -> Any:
    body = {"title": f"Course {uuid7()}", "summary": "Short", "description": "Long", "price": FREE}
    return instructor.post(COURSES, json=body)


def upload(course: TaughtCourse, by: Caller | None = None) -> Any:
    data = {"course_id": course.id, "lesson_id": course.lessons[0]}
    return (by or course.instructor).post("/api/v1/files", data=data, files={"file": ("a.pdf", PDF, PDF_TYPE)})


def occupy(school: School, course: TaughtCourse, size: int) -> None:
    """A file of so many bytes, as far as the books go."""
    with school.catalog.database.begin() as session:
        key = f"catalog/{uuid7()}"
        facts = {"name": "a", "content_type": PDF_TYPE, "sha256": "", "storage_key": key, "size": size}
        now = text("now()")
        session.add(
            File(id=uuid7(), course_id=course.id, lesson_id=course.lessons[0], created_at=now, stored_at=now, **facts)
        )


def test_an_instructor_has_no_more_courses_than_the_setting_says(school: School, settings: Any) -> None:
    instructor = school.catalog.caller("instructor")
    settings.courses_per_instructor = 2
    assert create(instructor).status_code == 201
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: create(instructor), range(4)))
    assert sorted(made.status_code for made in answers) == [201, 409, 409, 409]
    assert answer(create(instructor), 409)["type"] == PROBLEM + "too-many-courses"
    assert create(school.catalog.caller("instructor")).status_code == 201
    settings.courses_per_instructor = 3
    assert create(instructor).status_code == 201


def test_more_courses_than_an_account_may_make_in_a_day_are_refused(school: School) -> None:
    instructor = school.catalog.caller("instructor")
    use_up(school.catalog, NEW_COURSES, instructor.user_id, left=1)
    assert create(instructor).status_code == 201
    assert_refused(create(instructor), NEW_COURSES)
    assert len(answer(instructor.get(f"{COURSES}/teaching"))["items"]) == 1
    end_period(school.catalog, NEW_COURSES, instructor.user_id)
    assert create(instructor).status_code == 201


def test_the_files_of_all_courses_of_an_instructor_share_a_quota(school: School, settings: Any) -> None:
    instructor = school.catalog.caller("instructor")
    one, two = school.course(instructor=instructor), school.course(instructor=instructor)
    settings.instructor_quota_bytes = COURSE_QUOTA_BYTES
    occupy(school, one, COURSE_QUOTA_BYTES - len(PDF))
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(upload, [one, two]))
    assert sorted(stored.status_code for stored in answers) == [201, 409]
    assert answer(upload(two), 409)["type"] == PROBLEM + "instructor-quota-exceeded"
    assert upload(two, school.catalog.caller("admin")).status_code == 409, "whoever sends it"
    assert upload(school.course()).status_code == 201


def test_more_uploads_than_an_instructor_may_make_in_an_hour_are_refused(school: School) -> None:
    instructor = school.catalog.caller("instructor")
    one, two = school.course(instructor=instructor), school.course(instructor=instructor)
    use_up(school.catalog, UPLOAD_LIMIT, instructor.user_id, left=1)
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(upload, [one, two]))
    assert sorted(stored.status_code for stored in answers) == [201, 429]
    assert_refused(upload(two), UPLOAD_LIMIT)
    end_period(school.catalog, UPLOAD_LIMIT, instructor.user_id)
    assert upload(two).status_code == 201
