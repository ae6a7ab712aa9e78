"""Foreign words made safe to print: names and titles come from people who may be hostile, and go into mails."""

import unicodedata
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import regex

_GRAPHEME = regex.compile(r"\X")
LINE_LENGTH = 200
TEXT_LENGTH = 20_000
# Marks that turn the reading direction of what follows, our own words included. Right-to-left scripts need none.
DIRECTION_MARKS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def one_line(value: str) -> str:
    """The text on one line of at most 200 characters, without control characters."""
    line = " ".join(_printable(value, keep="").split())
    return cut(line, LINE_LENGTH)


def many_lines(value: str) -> str:
    """The text without control characters; line breaks stay. At most 20,000 characters."""
    text = _printable(value.replace("\r\n", "\n").replace("\r", "\n"), keep="\n\t").strip()
    return cut(text, TEXT_LENGTH)


def cut(text: str, length: int) -> str:
    """At most `length` code points: cut behind the last blank when that loses little, else between graphemes."""
    if len(text) <= length:
        return text
    # A grapheme that crosses the limit is left out whole; one that is the whole text is cut.
    ends = (match.end() for match in _GRAPHEME.finditer(text, 0, length + 50))
    end = max((end for end in ends if end < length), default=length - 1)
    blank = text.rfind(" ", 0, end + 1)
    return text[: blank if blank > length * 0.8 else end].rstrip() + "…"


def _printable(value: str, keep: str) -> str:
    return "".join(character if _is_printable(character, keep) else " " for character in value)


def _is_printable(character: str, keep: str) -> bool:
    # Cc controls, Cs lone surrogates, Zl and Zp line and paragraph separators.
    category = unicodedata.category(character)
    return character in keep or (category not in {"Cc", "Cs", "Zl", "Zp"} and character not in DIRECTION_MARKS)


def written_time(time: datetime, time_zone: str = "UTC") -> str:
    """Such as "Tue 1 Dec 2026, 18:00 UTC", or "Tue 1 Dec 2026, 13:00 America/New_York". UTC when this system does not
    know the time zone."""
    try:
        local = time.astimezone(ZoneInfo(time_zone))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        local, time_zone = time.astimezone(UTC), "UTC"
    return f"{local:%a} {local.day} {local:%b %Y, %H:%M} {time_zone}"
