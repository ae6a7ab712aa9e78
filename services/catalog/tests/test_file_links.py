"""Links to files that work without a token, until they expire."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest

from services.catalog.tests.samples import FILES, MP4, MP4_TYPE, PDF, PDF_TYPE, ZIP_TYPE, upload, zip_of
from services.catalog.tests.school import PAID, School, answer
from services.catalog.tests.test_openings import buyer
from shared.events import LessonOpened

INVALID = "urn:academy:problem:file-link-invalid"


def local(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"


@pytest.fixture
def link(school: School) -> dict[str, Any]:
    course = school.course()
    file = answer(upload(course.instructor, course, "Größe.pdf", PDF, PDF_TYPE), 201)
    return {**answer(school.learner(course).get(f"{FILES}/{file['id']}/link")), "file": file, "course": course}


def test_a_learners_link_works_without_a_token_for_an_hour(school: School, link: dict[str, Any]) -> None:
    expires = datetime.fromisoformat(link["expires_at"])
    assert timedelta(minutes=59) < expires - datetime.now(UTC) <= timedelta(hours=1)
    shown = school.catalog.client.get(local(link["url"]))
    assert (shown.status_code, shown.headers["content-type"]) == (200, PDF_TYPE)
    assert shown.headers["x-accel-redirect"].startswith("/protected/catalog/")
    assert shown.headers["content-disposition"].startswith("inline; ")
    assert "no-store" in shown.headers["cache-control"]


@pytest.mark.parametrize(
    ("name", "content", "declared", "kind"),
    [("a.mp4", MP4, MP4_TYPE, "inline"), ("a.zip", zip_of({"a": b"a"}), ZIP_TYPE, "attachment")],
)
def test_films_are_shown_and_archives_are_downloaded(
    school: School, name: str, content: bytes, declared: str, kind: str
) -> None:
    course = school.course()
    file = answer(upload(course.instructor, course, name, content, declared), 201)
    url = answer(course.instructor.get(f"{FILES}/{file['id']}/link"))["url"]
    assert school.catalog.client.get(local(url)).headers["content-disposition"].startswith(f"{kind}; ")


def test_a_changed_link_opens_nothing(school: School, link: dict[str, Any]) -> None:
    course, path = link["course"], local(link["url"])
    other = answer(upload(course.instructor, course, "b.pdf", PDF, PDF_TYPE), 201)
    expires = path.partition("expires=")[2].partition("&")[0]
    changed = [
        path[:-1] + ("A" if path[-1] != "A" else "B"),
        path.replace(expires, str(int(expires) + 1)),
        path.replace(link["file"]["id"], other["id"]),
    ]
    for wrong in changed:
        refused = school.catalog.client.get(wrong)
        assert (refused.status_code, refused.json()["type"]) == (403, INVALID), wrong


def test_an_expired_link_opens_nothing(school: School, link: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    real_time = time.time
    monkeypatch.setattr(time, "time", lambda: real_time() + 3601)
    refused = school.catalog.client.get(local(link["url"]))
    assert (refused.status_code, refused.json()["type"]) == (403, INVALID)


def test_the_link_of_a_deleted_file_opens_nothing(school: School, link: dict[str, Any]) -> None:
    answer(link["course"].instructor.delete(f"{FILES}/{link['file']['id']}"), 204)
    assert school.catalog.client.get(local(link["url"])).status_code == 404


def test_whoever_may_not_read_the_lesson_gets_no_link(school: School, link: dict[str, Any]) -> None:
    address = f"{FILES}/{link['file']['id']}/link"
    assert school.catalog.caller().get(address).status_code == 403
    assert school.catalog.client.get(address).status_code == 401


def test_a_link_of_a_bought_course_counts_as_reading_its_lesson(school: School) -> None:
    course = school.course(price=PAID)
    file = answer(upload(course.instructor, course, "a.pdf", PDF, PDF_TYPE), 201)
    student = buyer(school, course)
    for _ in range(2):
        answer(student.get(f"{FILES}/{file['id']}/link"))
    assert len(school.told(LessonOpened, student, course)) == 1
