"""The passwords that attackers try first: zxcvbn's 94,000 words, each also with the endings that people add to them.

The words are leaked passwords, names, and the commonest words of Wikipedia and of films (zxcvbn's frequency lists).
Guessing programs try each of them with such endings (hashcat's rules do), so the list holds them as well: it is kept as
words and endings, not written out.
"""

import unicodedata
from collections.abc import Iterator

from zxcvbn.frequency_lists import FREQUENCY_LISTS
from zxcvbn.matching import RANKED_DICTIONARIES

ENDINGS = (
    "", "1", "2", "3", "7", "12", "123", "1234", "12345", "123456", "!", "1!", "12!", "123!", "!!", "?", "@", "#", "$",
    ".", "00", "01", "007", "11", "13", "21", "22", "23", "69", "77", "88", "99", "000", "111", "321", "666", "777",
    *(str(year) for year in range(1950, 2040)),
)  # fmt: skip


def is_banned(password: str) -> bool:
    """True for an entry of the list, in any case and in any look-alike form of its letters."""
    folded = unicodedata.normalize("NFKC", password).casefold()
    return any(folded.endswith(ending) and _is_word(folded.removesuffix(ending)) for ending in ENDINGS)


def entries(min_length: int) -> Iterator[str]:
    """Everything on the list of that length or more; millions of entries, some more than once."""
    for words in FREQUENCY_LISTS.values():
        for word in words:
            yield from (word + ending for ending in ENDINGS if len(word) + len(ending) >= min_length)


def _is_word(text: str) -> bool:
    return any(text in RANKED_DICTIONARIES[name] for name in FREQUENCY_LISTS)
