"""What servers and frameworks read on the way in: headers and bodies, broken in their bytes, sent to the gateway."""

from collections.abc import Callable
from typing import Any

import httpx
from hypothesis import strategies as st

from services.catalog.tests.samples import PDF
from tests.fuzz import seeds
from tests.fuzz.broken import broken_bytes
from tests.fuzz.readers import Reader
from tests.fuzz.school import School, candidates

BOUNDARY = b"a-boundary"
RANGES = [b"bytes=0-9", b"bytes=-20", b"bytes=5-", b"bytes=0-0,5-9,-1", b"bytes=99999999999999999999-", b"lines=1-2"]
KEYS = [b"3f1c7a2e-5b0d-4b7e-9a53-6b8c1f0e2d4a", b'"quoted"', b"a" * 255, b"a" * 256]


def wire_readers(school: School) -> list[Reader]:
    """Each sends what it is given to a running platform: whatever it is, the answer is no fault of ours."""
    known, address = school.known, str(school.story.admin.http.base_url).rstrip("/")
    client = httpx.Client(base_url=address, timeout=30)
    ids = {name: candidates(known, name)[0] for name in ("file_id", "certificate_id", "document_id", "course_id")}
    form = multipart({"course_id": ids["course_id"], "lesson_id": candidates(known, "lesson_id")[0]}, PDF)

    def send(role: str, method: str, path: str, headers: dict[bytes, bytes], content: bytes | None = None) -> None:
        signed = {b"Authorization": school.credential(role).encode(), **headers}
        answer = client.request(method, path, headers=signed, content=content)
        assert answer.status_code < 500, f"{method} {path}: {answer.status_code} {answer.text[:300]}"
        if answer.status_code >= 400 and answer.headers["content-type"] != "application/problem+json":
            raise AssertionError(f"{method} {path}: {answer.status_code} is {answer.headers['content-type']}")

    def read_range(role: str, path: str) -> Callable[[bytes], None]:
        return lambda value: send(role, "GET", path, {b"Range": value, b"If-Range": value[:20].strip()})

    def read_key(value: bytes) -> None:
        send("student", "POST", "/api/v1/notifications/read-all", {b"Idempotency-Key": value})

    def read_form(sent: tuple[bytes, bytes]) -> None:
        send("instructor", "POST", "/api/v1/files", {b"Content-Type": sent[0]}, sent[1])

    def read_avatar(sent: tuple[str, bytes]) -> None:
        send("student", "PUT", "/api/v1/users/me/avatar", {b"Content-Type": sent[0].encode()}, sent[1])

    certificate = f"/api/v1/certificates/{ids['certificate_id']}/pdf"
    paper = f"/api/v1/payments/documents/{ids['document_id']}/pdf"
    ranges, kinds = header(RANGES), st.sampled_from(["image/png", "image/jpeg", "image/webp"])
    forms = st.tuples(st.just(FORM) | header([FORM]), broken_bytes([form]))
    return [
        Reader("Range of a file", ranges, read_range("instructor", f"/api/v1/files/{ids['file_id']}/content")),
        Reader("Range of a certificate", ranges, read_range("student", certificate)),
        Reader("Range of a paper", ranges, read_range("student", paper)),
        Reader("Idempotency-Key", header(KEYS), read_key),
        Reader("multipart form", forms, read_form),
        Reader("avatar over the wire", st.tuples(kinds, broken_bytes(seeds.PICTURES)), read_avatar),
    ]


FORM = b"multipart/form-data; boundary=" + BOUNDARY


def header(whole: list[bytes]) -> st.SearchStrategy[bytes]:
    """Values of a header, honest ones and broken ones, of what HTTP lets them be made of."""
    broken = broken_bytes(whole).map(lambda raw: bytes(byte for byte in raw if byte >= 0x20 and byte != 0x7F).strip())
    return st.sampled_from(whole) | broken


def multipart(fields: dict[str, Any], content: bytes) -> bytes:
    """An upload's body as browsers write it."""
    parts = [b'name="%s"\r\n\r\n%s' % (name.encode(), value.encode()) for name, value in fields.items()]
    parts.append(b'name="file"; filename="notes.pdf"\r\nContent-Type: application/pdf\r\n\r\n' + content)
    whole = b"".join(b"--%s\r\nContent-Disposition: form-data; %s\r\n" % (BOUNDARY, part) for part in parts)
    return whole + b"--%s--\r\n" % BOUNDARY
