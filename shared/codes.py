"""Short codes as people paste and type them: coupons, one-time codes, recovery codes, certificate numbers."""

import unicodedata
from typing import Any

from pydantic import BeforeValidator

_DASHES = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u30fc\ufe58\ufe63\uff0d"), "-")


def clean_code(text: str) -> str:
    """The code without white space and invisible characters, with ASCII dashes and ASCII digits; letters keep their
    case. Full-width letters become ordinary ones (NFKC)."""
    composed = unicodedata.normalize("NFKC", text.translate(_DASHES)).translate(_DASHES)
    return "".join(_ascii_digit(one) for one in composed if not _is_blank(one))


def without_dashes(text: str) -> str:
    """As clean_code, for codes whose dashes only group the characters."""
    return clean_code(text).replace("-", "")


def _is_blank(character: str) -> bool:
    return character.isspace() or unicodedata.category(character) in {"Cc", "Cf", "Zs"}


def _ascii_digit(character: str) -> str:
    digit = unicodedata.decimal(character, None)
    return character if digit is None else str(digit)


def _if_text(value: Any) -> Any:
    return clean_code(value) if isinstance(value, str) else value


def _if_text_without_dashes(value: Any) -> Any:
    return without_dashes(value) if isinstance(value, str) else value


# For the fields of requests; the constraints that stand before it in Annotated judge what is left.
CLEANED = BeforeValidator(_if_text)
CLEANED_WITHOUT_DASHES = BeforeValidator(_if_text_without_dashes)
