"""With files in S3 there is no disk for the gateway to read: the service sends them itself."""

from collections.abc import Iterator

import pytest

from services.catalog.main import create_app
from services.catalog.settings import Settings
from services.catalog.tests.s3_stand_in import S3StandIn
from services.catalog.tests.samples import FILES, PDF, PDF_TYPE, upload
from services.catalog.tests.school import School, answer
from services.catalog.worker import create_worker
from shared.testing import Academy


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3StandIn]:
    stand_in = S3StandIn()
    for name, value in stand_in.environment.items():
        monkeypatch.setenv(name, value)
    yield stand_in
    stand_in.close()


@pytest.fixture
def school(academy: Academy, s3: S3StandIn) -> Iterator[School]:
    settings = academy.settings(Settings, storage_url="s3://bucket/academy")
    with academy.service("catalog", settings, create_app, create_worker) as harness:
        yield School(harness)


def test_a_file_in_s3_is_streamed_by_the_service(school: School, s3: S3StandIn) -> None:
    course = school.course()
    file = answer(upload(course.instructor, course, "a.pdf", PDF, PDF_TYPE), 201)
    assert list(s3.objects.values()) == [PDF]
    assert next(iter(s3.objects)).startswith("/bucket/academy/catalog/")
    response = school.learner(course).get(f"{FILES}/{file['id']}/content")
    assert (response.status_code, response.content) == (200, PDF)
    assert "x-accel-redirect" not in response.headers
    assert response.headers["content-length"] == str(len(PDF))
    assert response.headers["content-disposition"].startswith("attachment")
    assert response.headers["x-content-type-options"] == "nosniff"
    assert school.catalog.caller().get(f"{FILES}/{file['id']}/content").status_code == 403


def test_a_file_that_s3_has_lost_is_not_found(school: School, s3: S3StandIn) -> None:
    course = school.course()
    file = answer(upload(course.instructor, course, "a.pdf", PDF, PDF_TYPE), 201)
    s3.objects.clear()
    problem = answer(course.instructor.get(f"{FILES}/{file['id']}/content"), 404)
    assert problem["type"] == "urn:academy:problem:file-not-found"
