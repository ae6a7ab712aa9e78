"""The body of a request: how long it may be, of which kind, and how it is parsed.

A route declares its limit in its decorator (`max_body_size=`, in bytes); without a declaration it is LIMIT. Nothing is
read before the caller is known to be allowed in (shared/routing.py), and nothing is parsed before it is known to be
short enough. Text is UTF-8: a client that could name the codec would choose one that takes minutes, such as punycode.
"""

import json
import re
from itertools import islice
from typing import Any, Literal

from fastapi import Request
from starlette.datastructures import FormData, Headers
from starlette.types import Message, Receive, Scope

from shared.errors import LONGEST_NAME, Invalid, Problem
from shared.forms import FORM, check_utf8, parse_form

KB = 1024
LIMIT = 16 * KB
# For texts of up to 10,000 characters: JSON may write each as \uXXXX, which is six bytes.
TEXT_LIMIT = 64 * KB
# For Markdown of up to 100,000 characters.
MARKDOWN_LIMIT = 640 * KB

JSON = "application/json"
JSON_TYPES = r"application/(?:[\w.-]+\+)?json"
# Bounds the time that parsing and validation take: 640 KB of `"a":1,` would keep the event loop for half a second.
MOST_TOKENS = 1_000
MOST_LEVELS = 20
# Possessive (`*+`) and with an optional end: no text makes it go back, or read a string twice.
TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[{,]', re.DOTALL)


class ContentTooLarge(Problem):
    status, slug, title = 413, "content-too-large", "The request body is too large"

    def __init__(self, limit: int) -> None:
        super().__init__(f"Send at most {limit} bytes to this address.")


def within_limit(scope: Scope, receive: Receive, limit: int) -> Receive:
    """`receive` for a body of at most `limit` bytes. Raises ContentTooLarge: by Content-Length before anything is read,
    otherwise as soon as there is more. Raises Invalid when the client hangs up before the end."""
    declared = Headers(scope=scope).get("content-length", "")
    too_large = declared.isdecimal() and int(declared) > limit
    received, whole = 0, False

    async def counted() -> Message:
        nonlocal received, whole
        if too_large:
            raise ContentTooLarge(limit)
        message = await receive()
        received += len(message.get("body", b""))
        if received > limit:
            raise ContentTooLarge(limit)
        if message["type"] == "http.disconnect" and not whole:
            raise Invalid("body", "did not arrive whole", "cut_off")
        whole = not message.get("more_body", False)
        return message

    return counted


class BoundedRequest(Request):
    """A request whose body was checked and parsed by `load`; the framework takes the result from here."""

    _document: Any = None
    _fields = FormData()

    async def load(self, kind: Literal["json", "form"]) -> None:
        """Reads and parses the body. No body at all is left to the validation. Raises ContentTooLarge,
        UnsupportedMediaType, Invalid."""
        body = await self.body()
        if not body:
            return
        content_type = self.headers.get("content-type", "")
        if kind == "form":
            check_utf8(content_type, FORM)
            self._fields = parse_form(body)
        else:
            check_utf8(content_type, JSON, JSON_TYPES)
            self._document = parse_json(body)

    async def json(self) -> Any:
        """The document."""
        return self._document

    async def form(self, **_limits: Any) -> FormData:  # type: ignore[override]
        """The fields of the form."""
        return self._fields


def parse_json(body: bytes) -> Any:
    """The document. Raises Invalid for what is not JSON (RFC 8259) in UTF-8, for text that no database stores (NUL,
    half of a surrogate pair), and for more than MOST_TOKENS strings, commas and brackets."""
    if sum(1 for _ in islice(TOKEN.finditer(body), MOST_TOKENS + 1)) > MOST_TOKENS:
        raise Invalid("body", "has too many fields", "too_many_fields")
    try:
        # Decoded here: given bytes, the parser would guess at UTF-16 and UTF-32.
        document = json.loads(body.decode(), parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise Invalid("body", f"is not valid JSON: {error}", "json_invalid") from error
    except (ValueError, RecursionError) as error:
        # Not UTF-8, a number of thousands of digits, NaN; too deep.
        raise Invalid("body", "is not valid JSON in UTF-8", "json_invalid") from error
    _check_texts(document)
    return document


def _refuse_constant(constant: str) -> Any:
    raise ValueError(constant)


def _check_texts(document: Any) -> None:
    level = [("", document)]
    for _ in range(MOST_LEVELS):
        below: list[tuple[str, Any]] = []
        for path, value in level:
            if isinstance(value, str):
                _check_text(path, value)
            elif isinstance(value, dict | list):
                members = value.items() if isinstance(value, dict) else enumerate(value)
                below += [(f"{path}.{key}"[:LONGEST_NAME], member) for key, member in members]
                _check_text(path, *(value if isinstance(value, dict) else ()))
        if not below:
            return
        level = below
    raise Invalid("body", "is nested too deeply", "too_deep")


def _check_text(path: str, *texts: str) -> None:
    whole = "".join(texts)
    try:
        whole.encode()
    except UnicodeEncodeError as error:
        raise Invalid(_name(path), "must be valid Unicode", "unicode") from error
    if "\0" in whole:
        raise Invalid(_name(path), "must not contain control characters", "control_character")


def _name(path: str) -> str:
    """The field's, as the validation would name it; it can always be written."""
    return path.removeprefix(".").encode(errors="replace").decode().replace("\0", "?") or "body"
