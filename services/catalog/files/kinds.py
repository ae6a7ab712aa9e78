"""Which kinds of files we take: those whose name, declaration and content agree. No SVG, HTML or XML, ever."""

from dataclasses import dataclass
from typing import BinaryIO

import puremagic

from services.catalog.files.names import extension_of
from shared.errors import Problem


@dataclass(frozen=True)
class Kind:
    """`declared` are the types a browser may announce for it; `content_type` is the one we store and serve."""

    content_type: str
    declared: frozenset[str]


KINDS = {
    ".pdf": Kind("application/pdf", frozenset({"application/pdf", "application/x-pdf"})),
    ".mp4": Kind("video/mp4", frozenset({"video/mp4"})),
    ".zip": Kind("application/zip", frozenset({"application/zip", "application/x-zip-compressed"})),
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
    if declared.partition(";")[0].strip().lower() not in kind.declared:
        raise WrongFileType(f"is named {extension} but declared as another type")
    if kind.content_type not in _sniff(content):
        raise WrongFileType(f"is named {extension} but its content is something else")
    return kind


def _sniff(content: BinaryIO) -> set[str]:
    content.seek(0)
    try:
        return {match.mime_type for match in puremagic.magic_stream(content)}
    except (puremagic.PureError, ValueError):
        return set()
    finally:
        content.seek(0)
