"""Which kinds of files we take: those whose name, declaration and content agree. No SVG, HTML or XML, ever."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from services.catalog.files.names import extension_of
from shared.errors import Problem


@dataclass(frozen=True)
class Kind:
    """`declared` are the types a browser may announce for it; `content_type` is the one we store and serve;
    `is_kind` looks at the content's first kilobyte."""

    content_type: str
    declared: frozenset[str]
    is_kind: Callable[[bytes], bool]


def _is_pdf(start: bytes) -> bool:
    # Readers take bytes before the header, such as a line end or a byte order mark; a page of HTML they are not.
    before, header, _ = start.partition(b"%PDF-")
    return bool(header) and b"<" not in before


def _is_mp4(start: bytes) -> bool:
    """By its first box (ISO/IEC 14496-12): size, `ftyp`, the brand it is made for, a version, compatible brands."""
    size = int.from_bytes(start[:4], "big")
    if start[4:8] != b"ftyp" or not 16 <= size <= len(start):
        return False
    brands = {start[8:12], *(start[at : at + 4] for at in range(16, size, 4))}
    return any(brand.startswith(MP4_BRANDS) for brand in brands)


def _is_zip(start: bytes) -> bool:
    return start.startswith((b"PK\x03\x04", b"PK\x05\x06"))


# QuickTime alone ("qt  ") is no MP4; 3GPP and the like are not played by all browsers.
MP4_BRANDS = (b"mp4", b"iso", b"avc", b"dash", b"M4V", b"MSNV", b"hvc", b"hev", b"av01", b"f4v")
SNIFFED_BYTES = 1024
# What a client says that does not know.
UNKNOWN_TYPES = frozenset({"", "application/octet-stream", "binary/octet-stream"})


KINDS = {
    ".pdf": Kind("application/pdf", frozenset({"application/pdf", "application/x-pdf"}), _is_pdf),
    ".mp4": Kind("video/mp4", frozenset({"video/mp4"}), _is_mp4),
    ".zip": Kind("application/zip", frozenset({"application/zip", "application/x-zip-compressed"}), _is_zip),
}


class WrongFileType(Problem):
    status, slug, title = 415, "wrong-file-type", "This kind of file is not taken"

    def __init__(self, message: str) -> None:
        errors = [{"field": "file", "message": message, "code": "file_type"}]
        super().__init__(f"Send a PDF, MP4 or ZIP file: the file {message}.", errors=errors)


def check_kind(name: str, declared: str, content: BinaryIO) -> Kind:
    """The kind on which name, declared type and content agree. Raises WrongFileType."""
    extension = extension_of(name)
    kind = KINDS.get(extension)
    if kind is None:
        raise WrongFileType(f"has the extension {extension[:20] or '(none)'}, not one of {', '.join(KINDS)}")
    if declared.partition(";")[0].strip().lower() not in kind.declared | UNKNOWN_TYPES:
        raise WrongFileType(f"is named {extension} but declared as another type")
    if not kind.is_kind(_start_of(content)):
        raise WrongFileType(f"is named {extension} but its content is something else")
    return kind


def _start_of(content: BinaryIO) -> bytes:
    content.seek(0)
    start = content.read(SNIFFED_BYTES)
    content.seek(0)
    return start
