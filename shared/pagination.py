"""Opaque cursors: the sort key of the last row, encoded so that nobody builds on its inside."""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, TypeVar

import orjson
from fastapi import Depends, Query, Request
from pydantic import BaseModel, TypeAdapter

from shared.errors import Invalid

T = TypeVar("T")
R = TypeVar("R")

DEFAULT_LIMIT = 20
MAX_LIMIT = 100


class Page(BaseModel, Generic[T]):
    """One page of a list; `next_cursor` is null on the last one."""

    items: list[T]
    next_cursor: str | None = None


@dataclass(frozen=True)
class PageRequest:
    """Which page of a list is wanted. `after` is the decoded sort key, None for the first page."""

    limit: int = DEFAULT_LIMIT
    after: list[Any] | None = None


async def read_page(
    cursor: Annotated[str | None, Query(max_length=500, description="`next_cursor` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
) -> PageRequest:
    """?cursor=&limit= of a list. Raises Invalid("cursor")."""
    return PageRequest(limit, decode_cursor(cursor) if cursor else None)


PageDep = Annotated[PageRequest, Depends(read_page)]


def encode_cursor(key: Sequence[Any]) -> str:
    """The opaque form of a sort key (JSON values, times, UUIDs)."""
    return base64.urlsafe_b64encode(orjson.dumps(list(key))).decode().rstrip("=")


def decode_cursor(cursor: str) -> list[Any]:
    """The sort key inside. Raises Invalid("cursor") for anything that did not come from us."""
    try:
        key = orjson.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError):
        key = None
    if not isinstance(key, list):
        raise Invalid("cursor", "is not one of ours; take next_cursor of the page before, or leave it out")
    return key


def cut_page(rows: Sequence[R], page: PageRequest, key: Callable[[R], Sequence[Any]]) -> tuple[list[R], str | None]:
    """Splits limit + 1 rows, as fetched, into the page and the cursor of the next one."""
    shown = list(rows[: page.limit])
    more = len(rows) > page.limit
    return shown, encode_cursor(key(shown[-1])) if more else None


def next_page_link(request: Request, cursor: str) -> str:
    """The Link header (RFC 8288) to the page after the one asked for, at the platform's public address."""
    url = request.url.include_query_params(cursor=cursor)
    return f'<{request.app.state.settings.public_url}{url.path}?{url.query}>; rel="next"'


def sort_key(page: PageRequest, *types: Any) -> tuple[Any, ...] | None:
    """The cursor's sort key with each part parsed as its type, None for the first page. Raises Invalid("cursor")."""
    if page.after is None:
        return None
    try:
        if len(page.after) != len(types):
            raise ValueError("wrong length")
        parts = (TypeAdapter(kind).validate_python(part) for kind, part in zip(types, page.after, strict=True))
        # Postgres refuses offsets from UTC that Python allows.
        return tuple(part.astimezone(UTC) if isinstance(part, datetime) else part for part in parts)
    except (ValueError, OverflowError) as error:
        raise Invalid("cursor", "is not one of this list; take next_cursor of the page before") from error
