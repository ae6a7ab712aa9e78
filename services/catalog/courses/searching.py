"""What a course is found by. The same terms are made of its texts and of a query, so its own title always finds it."""

import hashlib
import itertools
import unicodedata
from collections.abc import Iterator

import regex

# One bigram or word costs Postgres one lookup.
MAX_TERMS = 16
# Postgres takes at most 2,046 octets in one lexeme.
_LONGEST = 100
# Accents of Latin, Greek and Cyrillic letters, points of Hebrew and Arabic ones: people leave them out. The vowel signs
# of other scripts are letters of the word.
_ACCENTS = regex.compile(r"[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670\u0640]|\p{Cf}")
_UNDECOMPOSED = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ħ": "h", "\u0131": "i", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d"}
)
_UNSPACED = r"[\p{Han}\p{Hiragana}\p{Katakana}ー\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]"
_TERM = regex.compile(
    rf"(?P<version>(?<![\w.])\d+(?:\.\d+)+)|(?P<unspaced>(?:{_UNSPACED}\p{{M}}*)+)"
    rf"|(?P<dot>(?<!\.)\.)?(?P<word>(?:(?!{_UNSPACED})[\p{{L}}\p{{M}}\p{{N}}_])+)(?P<sign>\+\+|\#)?|(?P<symbol>\p{{So}})"
)
_PARTS = regex.compile(r"\d+")
_GRAPHEMES = regex.compile(r"\X")


def fold(text: str) -> str:
    """The text without differences of case, accents and Unicode's normal forms."""
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).translate(_UNDECOMPOSED)
    return unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFD", plain)))


def index_terms(*texts: str) -> list[str]:
    """All terms by which the texts are found."""
    return sorted({term[:_LONGEST] for text in texts for match in _TERM.finditer(fold(text)) for term in _all(match)})


def search_values(title: str, summary: str) -> dict[str, list[str] | str]:
    """The columns of a course that say what it is found by."""
    texts = f"{title}\n{summary}".encode()
    return {
        "terms": index_terms(title, summary),
        "terms_of": hashlib.md5(texts, usedforsecurity=False).hexdigest(),
    }


def query_of(text: str) -> str:
    """The text as a tsquery of Postgres: the beginnings of its words, all of them. Terms hold letters, marks, digits,
    symbols, `_`, `.`, `+` and `#` only, so nothing in them is an operator."""
    terms = dict.fromkeys(term for match in _TERM.finditer(fold(text)) for term in _asked(match))
    return " & ".join(list(terms)[:MAX_TERMS])


def _all(match: regex.Match[str]) -> Iterator[str]:
    if match["version"]:
        yield match["version"]
        yield from _PARTS.findall(match["version"])
    elif match["unspaced"]:
        signs = _GRAPHEMES.findall(match["unspaced"])
        yield from signs
        yield from map("".join, itertools.pairwise(signs))
    elif match["symbol"]:
        yield match["symbol"]
    else:
        word = match["word"]
        yield word
        if match["dot"]:
            yield f".{word}"
        if match["sign"]:
            yield word + match["sign"]


def _asked(match: regex.Match[str]) -> Iterator[str]:
    if match["unspaced"]:
        signs = _GRAPHEMES.findall(match["unspaced"])
        pairs = list(map("".join, itertools.pairwise(signs)))
        yield from (f"'{pair[:_LONGEST]}'" for pair in pairs or signs)
    elif match["symbol"]:
        yield f"'{match['symbol']}'"
    elif match["version"]:
        yield f"'{match['version'][:_LONGEST]}':*"
    elif match["sign"]:
        yield f"'{(match['word'] + match['sign'])[:_LONGEST]}'"
    else:
        # A dot begins a name only where a word begins: "Node.js" is found by "node js" too.
        begins = match["dot"] and (match.start() == 0 or match.string[match.start() - 1].isspace())
        word = f".{match['word']}" if begins else match["word"]
        # One letter would be the beginning of nearly everything.
        yield f"'{word[:_LONGEST]}'" if len(word) == 1 else f"'{word[:_LONGEST]}':*"
