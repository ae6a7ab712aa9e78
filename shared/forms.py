"""The only place where forms are parsed: application/x-www-form-urlencoded, and multipart/form-data for an upload.

The parsers of the framework decode with the codec that the client names (Content-Type: ...; charset=punycode), on the
event loop. Here every text is UTF-8, whatever the client says, and a client that says otherwise is refused.
"""

import re
from collections.abc import AsyncGenerator, Collection
from typing import Any
from urllib.parse import parse_qsl

from fastapi import Form, Request, params
from starlette.datastructures import FormData, Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from shared.errors import Invalid, Problem

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
MOST_FIELDS = 20
# What a multipart body has beside its file: boundaries, part headers, the other fields.
AROUND_FILE = 16 * 1024

# With `*` as RFC 2231 has it. Bounded, or a header of 16 KB would be read again from each of its words.
CHARSET = re.compile(r"charset[\s*\d]{0,9}=\s*\"?([^;\s\"]*)", re.IGNORECASE)
# The characters and the length of RFC 2046 section 5.1.1.
BOUNDARY = re.compile(r"""boundary=(?:"([\w'()+,./:=? -]{1,70})"|([\w'+./:-]{1,70}))(?=\s*;|\s*$)""", re.ASCII | re.I)
# A header that says in which codec it is written: RFC 2047 (=?codec?...?=), RFC 2231 and 5987 (name*=codec'...).
NAMES_A_CODEC = re.compile(rb"=\?[^?]*\?[bq]\?|;\s*[\w-]+\*\d*\*?\s*=", re.IGNORECASE)


class UnsupportedMediaType(Problem):
    status, slug, title = 415, "unsupported-media-type", "This type of body is not taken here"

    def __init__(self, wanted: str) -> None:
        super().__init__(f"Send the body in UTF-8, with Content-Type: {wanted}.")


class FileTooLarge(Problem):
    status, slug, title = 413, "file-too-large", "This file is too large"

    def __init__(self, field: str, limit: int) -> None:
        message = f"must not be larger than {limit} bytes"
        errors = [{"field": field, "message": message, "code": "file_size"}]
        super().__init__(f"Send a smaller file, or several: a file {message}.", errors=errors)


def check_utf8(content_type: str, wanted: str, taken: str | None = None) -> None:
    """Passes when the Content-Type is the wanted one, or matches the pattern of what else is `taken`, and names no
    other charset than UTF-8. Raises UnsupportedMediaType."""
    media_type, _, parameters = content_type.partition(";")
    if not re.fullmatch(taken or re.escape(wanted), media_type.strip().lower()) or not _is_utf8(parameters):
        raise UnsupportedMediaType(wanted)


def _is_utf8(parameters: str) -> bool:
    return {charset.lower() for charset in CHARSET.findall(parameters)} <= {"utf-8", "utf8"}


def form_body() -> Any:
    """`form: Annotated[Model, form_body()]`: a route's form, of one value a field. The kernel parses it (parse_form),
    the framework only validates it."""
    return Form()


def is_form(declared: Any) -> bool:
    """True for what form_body declares."""
    return isinstance(declared, params.Form)


def parse_form(body: bytes) -> FormData:
    """The fields of an application/x-www-form-urlencoded body. Raises Invalid for what is not UTF-8, for a field that
    comes twice (RFC 6749 section 3.2), and for more than MOST_FIELDS."""
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
    except ValueError as error:
        raise Invalid("body", f"is not a form of at most {MOST_FIELDS} fields in UTF-8", "form_invalid") from error
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise Invalid("body", "has a field twice", "form_invalid")
    if "\0" in "".join([*fields, *fields.values()]):
        raise Invalid("body", "must not contain control characters", "control_character")
    if fields.get("_charset_", "utf-8").lower() != "utf-8":
        raise UnsupportedMediaType(FORM)
    return FormData(fields)


async def receive_upload(request: Request, fields: Collection[str], file: str, max_bytes: int) -> FormData:
    """A multipart/form-data body with a file of at most `max_bytes` in the field `file`, and no other fields than
    `fields`. The file is spooled to disk; the caller closes the form. Raises Invalid, FileTooLarge,
    UnsupportedMediaType."""
    content_type = request.headers.get("content-type", "")
    check_utf8(content_type, MULTIPART)
    boundary = BOUNDARY.search(content_type)
    if not boundary:
        raise Invalid(file, "was sent without the boundary of its parts", "form_invalid")
    # Made anew: of what the client says only the boundary reaches the parser.
    headers = Headers({"content-type": f'{MULTIPART}; boundary="{boundary[1] or boundary[2]}"'})
    stream = _counted(request, file, max_bytes)
    parser = _Utf8Parser(headers, stream, max_files=1, max_fields=len(fields), max_part_size=AROUND_FILE)
    try:
        form = await parser.parse()
    except MultiPartException as error:
        raise Invalid(file, f"did not arrive whole and alone ({error.message})", "form_invalid") from error
    try:
        _check_fields(form, fields, file, max_bytes)
    except Problem:
        await form.close()
        raise
    return form


async def _counted(request: Request, file: str, max_bytes: int) -> AsyncGenerator[bytes, None]:
    received = 0
    async for chunk in request.stream():
        received += len(chunk)
        if received > max_bytes + AROUND_FILE:
            raise FileTooLarge(file, max_bytes)
        yield chunk


def _check_fields(form: FormData, fields: Collection[str], file: str, max_bytes: int) -> None:
    for field in form:
        if field not in (*fields, file):
            raise Invalid(field[:100], "is not a field of this form", "extra_forbidden")
    upload = form.get(file)
    if not isinstance(upload, UploadFile):
        raise Invalid(file, "is missing", "missing")
    if not upload.size:
        raise Invalid(file, "is empty", "empty")
    if upload.size > max_bytes:
        raise FileTooLarge(file, max_bytes)


class _Utf8Parser(MultiPartParser):
    """Refuses a part whose headers name a codec."""

    _value = b""

    def on_header_value(self, data: bytes, start: int, end: int) -> None:
        """A piece of a header of a part."""
        self._value += data[start:end]
        super().on_header_value(data, start, end)

    def on_header_end(self) -> None:
        """The header is whole."""
        value, self._value = self._value, b""
        if NAMES_A_CODEC.search(value) or not _is_utf8(value.decode("latin-1").partition(";")[2]):
            raise MultiPartException("a part names a codec; every text is UTF-8")
        super().on_header_end()
