"""Saying in time that a route will go: `deprecated` above a route's function.

@router.get("/old")
@deprecated(since=date(2027, 1, 1), sunset=date(2027, 7, 1), successor="/api/v1/new")
def read_old() -> ...
"""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from email.utils import format_datetime
from typing import Any, TypeVar

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


def deprecated(*, since: date, sunset: date, successor: str | None = None) -> Callable[[Endpoint], Endpoint]:
    """Marks a route's function: its answers carry Deprecation (RFC 9745), Sunset (RFC 8594: from then on it may be
    gone) and a Link to the path of its successor (RFC 5829), and the OpenAPI document shows it struck through."""
    if sunset <= since:
        raise ValueError("a route is deprecated before it goes")
    headers = {
        "Deprecation": f"@{int(_midnight(since).timestamp())}",
        "Sunset": format_datetime(_midnight(sunset), True),
    }
    if successor:
        headers["Link"] = f'<{successor}>; rel="successor-version"'

    def mark(endpoint: Endpoint) -> Endpoint:
        endpoint.deprecation_headers = headers  # type: ignore[attr-defined]
        return endpoint

    return mark


def deprecation_headers(endpoint: Callable[..., Any]) -> Mapping[str, str]:
    """What each answer of the route's function carries; nothing unless it is deprecated."""
    headers: Mapping[str, str] = getattr(endpoint, "deprecation_headers", {})
    return headers


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
