"""Instructors hang files on lessons, learners download them."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from sqlalchemy import text
from uuid_utils.compat import uuid7

from services.catalog.tests.samples import FILES, MP4, MP4_TYPE, PDF, PDF_TYPE, ZIP_TYPE, upload, zip_of
from services.catalog.tests.school import School, TaughtCourse, answer
from shared.testing import Harness

HONEST = [
    ("Notes.pdf", PDF, PDF_TYPE),
    ("Lecture.MP4", MP4, MP4_TYPE),
    ("Code.zip", zip_of({"src/main.py": b"pass\n" * 100, "README": b"Hi"}), ZIP_TYPE),
    ("Office files.zip", zip_of({"word/document.xml": b"<x/>"}), "application/x-zip-compressed"),
    ("Declared by curl.zip", zip_of({"a": b"a"}), "application/octet-stream"),
    ("Declared as nothing.pdf", PDF, ""),
    ("After a line end.pdf", b"\n" + PDF, PDF_TYPE),
    ("After a mark.pdf", b"\xef\xbb\xbf" + PDF, PDF_TYPE),
    ("Camera.mp4", b"\x00\x00\x00\x14ftypmp41 \x13\x10\x18mp41" + bytes(100), "application/octet-stream"),
    ("Packager.mp4", b"\x00\x00\x00\x14ftypiso4\x00\x00\x00\x01iso4" + bytes(100), MP4_TYPE),
    ("Other brand first.mp4", b"\x00\x00\x00\x18ftypXAVC\x01\x00\x1f\xffXAVCmp42" + bytes(100), MP4_TYPE),
]


@pytest.mark.parametrize(("name", "content", "declared"), HONEST)
def test_an_honest_file_arrives_whole(school: School, name: str, content: bytes, declared: str) -> None:
    course = school.course()
    file = answer(upload(course.instructor, course, name, content, declared), 201)
    assert (file["name"], file["size"]) == (name, len(content))
    assert file["sha256"] == hashlib.sha256(content).hexdigest()
    assert (file["course_id"], file["lesson_id"]) == (course.id, course.lessons[0])
    (path,) = _stored(school, course)
    assert path.read_bytes() == content
    assert "name" not in path.name.lower()
    student = school.learner(course)
    assert answer(student.get(course.lesson_url()))["files"] == [file]
    assert answer(student.get(f"{FILES}/{file['id']}")) == file


def test_the_gateway_is_told_to_send_the_file_as_a_download(school: School) -> None:
    course = school.course()
    file = answer(upload(course.instructor, course, 'Größe "50%".pdf', PDF, PDF_TYPE), 201)
    response = school.learner(course).get(f"{FILES}/{file['id']}/content")
    (path,) = _stored(school, course)
    accel = response.headers["x-accel-redirect"]
    assert (response.status_code, response.content) == (200, b"")
    assert _root(school) / accel.removeprefix("/protected/") == path
    assert response.headers["content-type"] == PDF_TYPE
    disposition = response.headers["content-disposition"]
    assert disposition.startswith("attachment; filename=\"Gr__e _50__.pdf\"; filename*=UTF-8''")
    assert unquote(disposition.rpartition("''")[2]) == 'Größe "50%".pdf'
    assert response.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in response.headers["content-security-policy"]
    assert response.headers["cache-control"].startswith("private")


def test_files_are_readable_like_their_lesson(school: School) -> None:
    course = school.course(lessons=2)
    file = answer(upload(course.instructor, course, "a.pdf", PDF, PDF_TYPE), 201)
    for url in (f"{FILES}/{file['id']}", f"{FILES}/{file['id']}/content"):
        assert school.catalog.client.get(url).status_code == 401
        assert school.catalog.caller().get(url).status_code == 403
        assert school.catalog.caller("instructor").get(url).status_code == 403
        for reader in (course.instructor, school.learner(course), school.catalog.caller("admin")):
            assert reader.get(url).status_code == 200
    answer(course.instructor.patch(course.lesson_url(0), json={"is_preview": True}))
    assert school.catalog.client.get(f"{FILES}/{file['id']}/content").status_code == 200


def test_only_the_owner_uploads_and_deletes(school: School) -> None:
    course = school.course()
    file = answer(upload(course.instructor, course, "a.pdf", PDF, PDF_TYPE), 201)
    url = f"{FILES}/{file['id']}"
    body: dict[str, Any] = {
        "data": {"course_id": course.id, "lesson_id": course.lessons[0]},
        "files": {"file": ("a.pdf", PDF, PDF_TYPE)},
    }
    assert school.catalog.client.post(FILES, **body).status_code == 401
    assert school.catalog.client.delete(url).status_code == 401
    for stranger in (school.learner(course), school.catalog.caller("instructor")):
        assert upload(stranger, course, "a.pdf", PDF, PDF_TYPE).status_code == 403
        assert stranger.delete(url).status_code == 403
    assert upload(school.catalog.caller("instructor"), school.draft(), "a.pdf", PDF, PDF_TYPE).status_code == 404
    assert upload(school.catalog.caller("admin"), course, "b.pdf", PDF, PDF_TYPE).status_code == 201
    assert len(_stored(school, course)) == 2


def test_a_deleted_file_is_gone_at_once_and_swept_later(school: School) -> None:
    course = school.course(lessons=2)
    file = answer(upload(course.instructor, course, "a.pdf", PDF, PDF_TYPE), 201)
    answer(upload(course.instructor, course, "b.pdf", PDF, PDF_TYPE, lesson_id=course.lessons[1]), 201)
    kept = answer(upload(course.instructor, course, "c.pdf", PDF, PDF_TYPE, lesson_id=course.lesson()), 201)
    answer(course.instructor.delete(f"{FILES}/{file['id']}"), 204)
    answer(course.instructor.delete(course.lesson_url(1)), 204)
    for url in (f"{FILES}/{file['id']}", f"{FILES}/{file['id']}/content"):
        assert course.instructor.get(url).status_code == 404
    assert course.instructor.delete(f"{FILES}/{file['id']}").status_code == 404
    paths = _stored(school, course)
    _sweep(school.catalog)
    assert sorted(path.exists() for path in paths) == [False, False, True]
    assert len(_stored(school, course)) == 1
    assert course.instructor.get(f"{FILES}/{kept['id']}").status_code == 200


def test_the_cleanup_goes_on_until_all_deleted_files_are_gone(school: School) -> None:
    course = school.course()
    answer(upload(course.instructor, course, "a.pdf", PDF, PDF_TYPE), 201)
    deleted = (
        "INSERT INTO files (id, course_id, name, content_type, size, storage_key, created_at, stored_at)"
        " SELECT gen_random_uuid(), :course, 'a', 'b', 1, 'catalog/missing/' || gen_random_uuid(), now(), now()"
        " FROM generate_series(1, 250)"
    )
    with school.catalog.database.begin() as session:
        session.execute(text(deleted), {"course": course.id})
    _sweep(school.catalog)
    assert len(_stored(school, course)) == 1


def test_an_upload_that_died_half_way_is_swept_when_it_is_old(school: School) -> None:
    course = school.course()
    answer(upload(course.instructor, course, "a.pdf", PDF, PDF_TYPE), 201)
    answer(upload(course.instructor, course, "b.pdf", PDF, PDF_TYPE), 201)
    paths = _stored(school, course)
    with school.catalog.database.begin() as session:
        died = "UPDATE files SET stored_at = NULL WHERE course_id = :course"
        session.execute(text(died), {"course": course.id})
        old = "UPDATE files SET created_at = now() - interval '2 hours' WHERE course_id = :course AND name = 'a.pdf'"
        session.execute(text(old), {"course": course.id})
    assert answer(course.instructor.get(course.lesson_url()))["files"] == []
    _sweep(school.catalog)
    assert len(_stored(school, course)) == 1
    assert sorted(path.exists() for path in paths) == [False, True]


def test_a_row_that_cannot_be_committed_leaves_no_file(school: School) -> None:
    course = school.course()
    before = _all_stored(school)
    with _refused_commit(school.catalog, course):
        assert upload(course.instructor, course, "a.pdf", PDF, PDF_TYPE).status_code >= 500
    assert _all_stored(school) == before
    assert _stored(school, course) == []
    answer(upload(course.instructor, course, "a.pdf", PDF, PDF_TYPE), 201)


def test_a_file_that_cannot_be_stored_is_nowhere_to_be_seen(school: School) -> None:
    course = school.course()
    folder = _root(school) / "catalog"
    away = folder.rename(folder.with_name(f"away-{uuid7()}")) if folder.exists() else None
    # A file where the folder should be: nothing can be stored below it, not even by root.
    folder.write_bytes(b"")
    try:
        problem = answer(upload(course.instructor, course, "a.pdf", PDF, PDF_TYPE), 503)
    finally:
        folder.unlink()
        if away:
            away.rename(folder)
    assert problem["type"] == "urn:academy:problem:unavailable"
    assert answer(course.instructor.get(course.lesson_url()))["files"] == []
    answer(upload(course.instructor, course, "a.pdf", PDF, PDF_TYPE), 201)


@contextmanager
def _refused_commit(catalog: Harness, course: TaughtCourse) -> Iterator[None]:
    """Postgres refuses, at the commit, every row of the course that says its file is stored."""
    owner = catalog.academy.owner("catalog")
    name = f"refuse_{uuid7().hex}"
    with owner.begin() as connection:
        connection.execute(
            text(
                f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS "
                "$$ BEGIN RAISE EXCEPTION 'refused by the test'; END $$"
            )
        )
        connection.execute(
            text(
                f"CREATE CONSTRAINT TRIGGER {name} AFTER UPDATE ON files DEFERRABLE INITIALLY DEFERRED FOR EACH ROW "
                f"WHEN (NEW.stored_at IS NOT NULL AND NEW.course_id = '{course.id}') EXECUTE FUNCTION {name}()"
            )
        )
    try:
        yield
    finally:
        with owner.begin() as connection:
            connection.execute(text(f"DROP FUNCTION {name} CASCADE"))
        owner.dispose()


def _root(school: School) -> Path:
    return Path(urlsplit(school.catalog.app.state.settings.storage_url).path)


def _stored(school: School, course: TaughtCourse) -> list[Path]:
    with school.catalog.database.begin() as session:
        keys = session.scalars(text("SELECT storage_key FROM files WHERE course_id = :c"), {"c": course.id}).all()
    return [_root(school) / key for key in keys]


def _all_stored(school: School) -> set[Path]:
    return {path for path in _root(school).rglob("*") if path.is_file()}


def _sweep(catalog: Harness) -> None:
    (job,) = [job for job in catalog.worker.jobs if job.name == "sweep_files"]
    job.run_to_end(catalog.database)
