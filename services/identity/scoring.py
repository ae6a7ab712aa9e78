"""zxcvbn's score of a password, at a bounded cost. Runs in processes of its own (password_strength.py)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from zxcvbn import zxcvbn
from zxcvbn.matching import L33T_TABLE, enumerate_l33t_subs, relevant_l33t_subtable

from services.identity.banned_passwords import is_banned

MIN_LENGTH = 8
# zxcvbn refuses more than 72 characters, and its cost grows with the square.
SCORED_LENGTH = 40
# zxcvbn reads a password once for each way to take its l33t signs for letters: `1` is i or l, `(` or `[` is c. All 23
# signs have hundreds of ways. With this many, 40 characters take 60 ms at most.
MOST_READINGS = 12
L33T_SIGNS = frozenset(sign for signs in L33T_TABLE.values() for sign in signs)
ACCEPTABLE_SCORE = 2
CONTEXT_WORDS = ("academy",)


@dataclass(frozen=True)
class Strength:
    """`score` is zxcvbn's, 0 (guessed at once) to 4; `warning` and `suggestions` are for the person."""

    score: int
    acceptable: bool
    warning: str
    suggestions: list[str]


def score_password(password: str, about: Sequence[str]) -> Strength:
    """The strength of a password for a person; `about` is what an attacker knows: name and e-mail address.

    Not for threads: zxcvbn keeps the context words of a call in a module-level table.
    """
    words = _context_words(about)
    result = zxcvbn(password[: scored_length(password)], user_inputs=words)
    score = int(result["score"])
    feedback = result["feedback"]
    suggestions = [str(suggestion) for suggestion in feedback["suggestions"]]
    if len(password) < MIN_LENGTH:
        return Strength(min(score, 1), False, f"Use at least {MIN_LENGTH} characters.", suggestions)
    if password.casefold() in {word.casefold() for word in words}:
        return Strength(0, False, "This is what people know about you.", suggestions)
    if is_banned(password):
        return Strength(0, False, "This is among the passwords that attackers try first.", suggestions)
    return Strength(score, score >= ACCEPTABLE_SCORE, str(feedback["warning"] or ""), suggestions)


def scored_length(password: str) -> int:
    """How many characters are scored: the first 40, or fewer, up to the sign with which there are too many readings."""
    signs: set[str] = set()
    for position, character in enumerate(password[:SCORED_LENGTH]):
        if character in L33T_SIGNS and character not in signs:
            signs.add(character)
            if count_readings(signs) > MOST_READINGS:
                return position
    return min(len(password), SCORED_LENGTH)


def count_readings(characters: set[str]) -> int:
    """In how many ways zxcvbn takes the l33t signs among these characters for letters."""
    return len(enumerate_l33t_subs(relevant_l33t_subtable(characters, L33T_TABLE)))


def _context_words(about: Sequence[str]) -> list[str]:
    parts = [part for text in about for part in re.split(r"\W+|_", text)]
    return [word for word in (*about, *parts, *CONTEXT_WORDS) if word]
