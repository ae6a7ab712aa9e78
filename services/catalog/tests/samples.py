"""Small honest files, and some that are not."""

import io
import stat
import zipfile
from collections.abc import Mapping
from typing import Any

from services.catalog.tests.school import TaughtCourse
from shared.testing.harness import Caller

FILES = "/api/v1/files"
PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
MP4 = b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00isomiso2avc1mp41" + bytes(500)
HTML = b"<!DOCTYPE html><html><script>alert(1)</script></html>"
SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
PDF_TYPE, MP4_TYPE, ZIP_TYPE = "application/pdf", "video/mp4", "application/zip"


def zip_of(entries: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A ZIP file with these entries, packed by one of the methods of the format."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def zip_with_symlink() -> bytes:
    """A ZIP file with a link to a file of the machine it is unpacked on."""
    buffer = io.BytesIO()
    link = zipfile.ZipInfo("innocent.txt")
    link.create_system = 3
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(link, "/etc/passwd")
    return buffer.getvalue()


def zip_with_lying_size() -> bytes:
    """A ZIP bomb whose directory says that it is small."""
    honest = zip_of({"zeros": bytes(5_000_000)})
    return honest.replace((5_000_000).to_bytes(4, "little"), (10).to_bytes(4, "little"))


def upload(who: Caller, course: TaughtCourse, name: str, content: bytes, declared: str, **fields: str) -> Any:
    """The answer to an upload to the course's first lesson."""
    data = {"course_id": course.id, "lesson_id": course.lessons[0], **fields}
    return who.post(FILES, data=data, files={"file": (name, content, declared)})
