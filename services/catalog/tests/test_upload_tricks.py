"""What attackers send instead of lecture notes."""

from typing import Any
from zipfile import ZIP_BZIP2, ZIP_LZMA

import pytest
from uuid_utils.compat import uuid7

from services.catalog.tests.conftest import COURSE_QUOTA_BYTES, UPLOAD_MAX_BYTES
from services.catalog.tests.samples import (
    FILES,
    HTML,
    MP4_TYPE,
    PDF,
    PDF_TYPE,
    SVG,
    ZIP_TYPE,
    upload,
    zip_of,
    zip_with_lying_size,
    zip_with_symlink,
)
from services.catalog.tests.school import School, TaughtCourse, answer

WRONG_TYPES = {
    "html": ("page.html", HTML, "text/html"),
    "svg": ("image.svg", SVG, "image/svg+xml"),
    "xml": ("data.xml", SVG, "application/xml"),
    "program": ("setup.exe", b"MZ" + bytes(200), "application/octet-stream"),
    "double extension": ("notes.pdf.html", PDF, PDF_TYPE),
    "html named pdf": ("notes.pdf", HTML, PDF_TYPE),
    "svg named pdf": ("notes.pdf", SVG, PDF_TYPE),
    "pdf named zip": ("notes.zip", PDF, ZIP_TYPE),
    "pdf declared html": ("notes.pdf", PDF, "text/html"),
    "quicktime named mp4": ("film.mp4", b"\x00\x00\x00\x14ftypqt  \x00\x00\x02\x00qt  " + bytes(100), MP4_TYPE),
    "mp4 with a box that never ends": ("film.mp4", b"\x00\xff\xff\xffftypisom" + bytes(100), MP4_TYPE),
    "mp4 of two bytes": ("film.mp4", b"\x00\x00", MP4_TYPE),
    "gif named mp4": ("film.mp4", b"GIF89a" + bytes(100), MP4_TYPE),
    "pdf after a script": ("notes.pdf", HTML + PDF, PDF_TYPE),
    "no extension": ("notes", PDF, PDF_TYPE),
    "one byte": ("notes.pdf", b"%", PDF_TYPE),
    "zip cut off": ("code.zip", zip_of({"a": b"x" * 5000})[:-30], ZIP_TYPE),
    "zip with a way out": ("code.zip", zip_of({"../../etc/cron.d/x": b"x"}), ZIP_TYPE),
    "zip with a way out, windows": ("code.zip", zip_of({"..\\..\\x": b"x"}), ZIP_TYPE),
    "zip with an absolute name": ("code.zip", zip_of({"/etc/passwd": b"x"}), ZIP_TYPE),
    "zip with a drive": ("code.zip", zip_of({"C:/x": b"x"}), ZIP_TYPE),
    "zip with a link": ("code.zip", zip_with_symlink(), ZIP_TYPE),
    "zip bomb": ("code.zip", zip_of({"zeros": bytes(20_000_000)}), ZIP_TYPE),
    "zip bomb that lies": ("code.zip", zip_with_lying_size(), ZIP_TYPE),
    "zip by lzma": ("code.zip", zip_of({"a": b"x" * 500}, ZIP_LZMA), ZIP_TYPE),
    "zip by lzma, broken inside": (
        "code.zip",
        zip_of({"a": b"x" * 500}, ZIP_LZMA).replace(b"]\0\0", b"]\0\xff"),
        ZIP_TYPE,
    ),
    "zip by bzip2": ("code.zip", zip_of({"a": b"x" * 500}, ZIP_BZIP2), ZIP_TYPE),
    "zip of too many": ("code.zip", zip_of({str(n): b"" for n in range(1001)}), ZIP_TYPE),
}


@pytest.mark.parametrize("trick", WRONG_TYPES)
def test_what_is_not_what_it_says_is_refused(school: School, trick: str) -> None:
    course = school.course()
    name, content, declared = WRONG_TYPES[trick]
    problem = answer(upload(course.instructor, course, name, content, declared), 415)
    assert problem["type"] == "urn:academy:problem:wrong-file-type"
    assert problem["errors"][0]["field"] == "file"
    assert answer(course.instructor.get(course.lesson_url()))["files"] == []


HOSTILE_NAMES = {
    "../../etc/passwd.pdf": "passwd.pdf",
    "..\\..\\windows\\system.pdf": "system.pdf",
    "a\x00b.pdf": "ab.pdf",
    "in\u202efdp.exe.pdf": "infdp.exe.pdf",
    "  spaced \u2028 out .pdf": "spaced out .pdf",
    "...pdf": None,
    ".pdf": None,
    "x" * 1000 + ".pdf": "x" * 146 + ".pdf",
    "ünïcödé 😀.pdf": "ünïcödé 😀.pdf",
}


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_names_are_kept_without_their_teeth(school: School, name: str) -> None:
    course = school.course()
    response = _upload_named(course, name.encode())
    expected = HOSTILE_NAMES[name]
    if expected is None:
        assert answer(response, 415)["errors"][0]["field"] == "file"
        return
    file = answer(response, 201)
    assert file["name"] == expected
    content = course.instructor.get(f"{FILES}/{file['id']}/content")
    assert content.status_code == 200
    assert "\n" not in content.headers["content-disposition"]


@pytest.mark.parametrize(
    "name", [b"a\r\nX-Evil: 1\r\n.pdf", b'a"; filename="b.html', b"a\nb.pdf", b"\xff\xfe.pdf", b"%0d%0aX-Evil:1.pdf"]
)
def test_names_never_write_headers(school: School, name: bytes) -> None:
    course = school.course()
    response = _upload_named(course, name)
    assert response.status_code in (201, 415, 422), response.text
    if response.status_code == 201:
        content = course.instructor.get(f"{FILES}/{response.json()['id']}/content")
        assert content.status_code == 200
        assert "x-evil" not in content.headers
        assert ".html" not in content.headers["content-disposition"].partition("filename*")[0]


def test_an_empty_file_is_refused(school: School) -> None:
    course = school.course()
    problem = answer(upload(course.instructor, course, "a.pdf", b"", PDF_TYPE), 422)
    assert problem["errors"][0] == {"field": "file", "message": "is empty", "code": "empty"}


@pytest.mark.parametrize("excess", [1, 5_000, 2_000_000])
def test_a_file_over_the_limit_is_refused(school: School, excess: int) -> None:
    course = school.course()
    content = PDF + bytes(UPLOAD_MAX_BYTES - len(PDF) + excess)
    problem = answer(upload(course.instructor, course, "a.pdf", content, PDF_TYPE), 413)
    assert problem["type"] == "urn:academy:problem:file-too-large"
    assert problem["errors"][0]["field"] == "file"


def test_a_file_of_just_the_limit_is_taken(school: School) -> None:
    course = school.course()
    content = PDF + bytes(UPLOAD_MAX_BYTES - len(PDF))
    assert answer(upload(course.instructor, course, "a.pdf", content, PDF_TYPE), 201)["size"] == UPLOAD_MAX_BYTES


def test_a_course_has_a_quota(school: School) -> None:
    course = school.course()
    content = PDF + bytes(UPLOAD_MAX_BYTES - len(PDF))
    for _ in range(COURSE_QUOTA_BYTES // UPLOAD_MAX_BYTES):
        answer(upload(course.instructor, course, "a.pdf", content, PDF_TYPE), 201)
    problem = answer(upload(course.instructor, course, "a.pdf", content, PDF_TYPE), 409)
    assert problem["type"] == "urn:academy:problem:course-quota-exceeded"


def test_an_incomplete_form_names_the_field(school: School) -> None:
    course = school.course()
    file = {"file": ("a.pdf", PDF, PDF_TYPE)}
    ids = {"course_id": course.id, "lesson_id": course.lessons[0]}
    cases: list[tuple[str, dict[str, Any]]] = [
        ("course_id", {"data": {"lesson_id": ids["lesson_id"]}, "files": file}),
        ("lesson_id", {"data": {**ids, "lesson_id": "x"}, "files": file}),
        ("file", {"data": ids, "files": {"file": (None, "text")}}),
        ("file", {"data": ids, "files": [("file", file["file"]), ("file", file["file"])]}),
        ("file", {"content": b"--x\r\nbroken", "headers": {"Content-Type": "multipart/form-data; boundary=x"}}),
        ("file", {"content": b"", "headers": {"Content-Type": "multipart/form-data"}}),
        ("file", {"data": {**ids, "a": "1", "b": "2"}, "files": file}),
    ]
    for field, request in cases:
        problem = answer(course.instructor.post(FILES, **request), 422)
        assert problem["errors"][0]["field"] == field, request


@pytest.mark.parametrize("content_type", ["application/json", "multipart/form-data; boundary=cut; charset=punycode"])
def test_another_type_or_charset_than_a_form_is_refused(school: School, content_type: str) -> None:
    course = school.course()
    problem = answer(course.instructor.post(FILES, content=b"{}", headers={"Content-Type": content_type}), 415)
    assert problem["type"] == "urn:academy:problem:unsupported-media-type"


def test_a_lesson_of_another_course_gets_no_file(school: School) -> None:
    course, other = school.course(), school.course()
    response = upload(course.instructor, course, "a.pdf", PDF, PDF_TYPE, lesson_id=other.lessons[0])
    assert answer(response, 404)["type"] == "urn:academy:problem:lesson-not-found"
    unknown = upload(course.instructor, course, "a.pdf", PDF, PDF_TYPE, course_id=str(uuid7()))
    assert answer(unknown, 404)["type"] == "urn:academy:problem:course-not-found"
    assert course.instructor.get(f"{FILES}/{uuid7()}").status_code == 404
    assert course.instructor.get(f"{FILES}/x").status_code == 422


def _upload_named(course: TaughtCourse, name: bytes) -> Any:
    # Written by hand: an honest client would escape what this name does to its own header.
    parts = [b'--cut\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % pair for pair in _ids(course)]
    head = (
        b'--cut\r\nContent-Disposition: form-data; name="file"; filename="%s"\r\nContent-Type: application/pdf\r\n\r\n'
    )
    body = b"".join(parts) + head % name.replace(b"\\", b"\\\\") + PDF + b"\r\n--cut--\r\n"
    return course.instructor.post(FILES, content=body, headers={"Content-Type": "multipart/form-data; boundary=cut"})


def _ids(course: TaughtCourse) -> list[tuple[bytes, bytes]]:
    return [(b"course_id", course.id.encode()), (b"lesson_id", course.lessons[0].encode())]
