"""What names and titles may not contain: they are shown beside our own words, on pages and in mails."""

# ruff: noqa: RUF001 (letters of other scripts that look like Latin ones)

import re
import unicodedata

# Embeddings, overrides, isolates and their deprecated kin turn the direction of what follows: a text then reads as
# another one (https://www.unicode.org/reports/tr9/). The marks LRM, RLM and ALM turn nothing; scripts need them.
BIDI_CONTROLS = frozenset(map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x2070))))

# Letters and symbols by their category, which every font draws as nothing.
_BLANK_LETTERS = frozenset("\u115f\u1160\u3164\uffa0\u2800")
# Controls, formats, surrogates, private use, unassigned, marks without a letter, spaces and line ends.
_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Mn", "Mc", "Me", "Zs", "Zl", "Zp"}
_MARKS = {"Cf", "Mn", "Mc", "Me"}
# Top-level domains in other letters than ASCII that mail programs make links of.
_IDN = (
    "рф|рус|орг|ком|сайт|онлайн|москва|укр|бел|срб|бг|中国|中國|公司|网络|网址|在线|香港|台灣|台湾|한국|닷컴"
    "|ไทย|คอม|भरत|مصر|السعودية|امارات|ایران"
)
# "K.Ramesh", "A.P.J.Abdul", "J.-P.Sartre", then "M.Sc.": letters that stand for words, which no mail program links.
_INITIALS = re.compile(r"(?<![^\s(])(?:[^\W\d_]\.-?)+(?:[^\W\d_]|['’-]){4,}(?![^\s,)])")
_DEGREE = re.compile(r"(?<![^\s(,])[^\W\d_]\.[^\W\d_]{2,4}\.(?![^\s,)])")
_ADDRESS = re.compile(
    rf"://|\bwww\.|[^\s.。(][.。](?:[a-z][a-z0-9-]|(?:{_IDN})(?!\w))|\S[.。]\S*/\S|\d{{1,3}}(?:\.\d{{1,3}}){{3}}"
)


def is_visible(text: str) -> bool:
    """True when at least one character of it is seen: a letter, digit, sign or emoji."""
    return any(one not in _BLANK_LETTERS and unicodedata.category(one) not in _UNSEEN for one in text)


def is_one_line(text: str) -> bool:
    """False when it has a control character, or ends its line somewhere."""
    return not any(unicodedata.category(character) in {"Cc", "Zl", "Zp"} for character in text)


def turns_direction(text: str) -> bool:
    """True when it could make the words around it read in another order."""
    return not BIDI_CONTROLS.isdisjoint(text)


def holds_address(name: str) -> bool:
    """True when a mail program could make a link of some part of a person's name. "St. John" and "J. R. R. Tolkien" are
    none: a dot is followed by a space."""
    # As it looks: full-width letters and dots are ordinary ones; what is invisible, or stands on letters, is left
    # out.
    seen = "".join(one for one in unicodedata.normalize("NFKC", name) if unicodedata.category(one) not in _MARKS)
    words = _DEGREE.sub(" ", _INITIALS.sub(" ", seen.casefold()))
    return _ADDRESS.search(words) is not None
