"""Addresses of courses that a person can read."""

import re
import secrets
import unicodedata
from collections.abc import Iterator
from uuid import UUID

from anyascii import anyascii

MAX_LENGTH = 80
# Words that the address /api/v1/courses/<word> already means something by.
RESERVED = frozenset({"teaching"})


def slug_of(title: str) -> str:
    """The title, transliterated, in lower-case ASCII with hyphens; "course" when nothing of it can be written so."""
    # Composed first: transliteration reads whole letters.
    ascii_title = anyascii(unicodedata.normalize("NFC", title))
    slug = re.sub(r"[^a-z0-9]+", "-", ascii_title.lower())[:MAX_LENGTH].strip("-") or "course"
    # A slug that reads as an id would never be found by it.
    return f"course-{slug}" if slug in RESERVED or find_uuid(slug) else slug


def slug_candidates(title: str) -> Iterator[str]:
    """The plain slug first, then the slug with endings that are ever less likely to be taken."""
    slug = slug_of(title)
    yield slug
    for length in (2, 3, 4, 6, 8):
        yield f"{slug}-{secrets.token_hex(length)}"


def is_slug(text: str) -> bool:
    """False for what no course can have as its address."""
    return re.fullmatch(r"[a-z0-9-]{1,100}", text) is not None


def find_uuid(text: str) -> UUID | None:
    """The id that the text spells, None when it spells none."""
    try:
        return UUID(text)
    except ValueError:
        return None
