"""How good a password is, said in words that a form can show.

No composition rules (OWASP ASVS 5.0, 6.2): length, a list of what attackers try first, and zxcvbn's estimate.
"""

import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass

from zxcvbn import zxcvbn

from services.identity.banned_passwords import is_banned
from shared.errors import Problem, Unavailable

MIN_LENGTH = 8
MAX_LENGTH = 128
# zxcvbn refuses more than 72 characters, and its cost grows with the square: 40 take up to 0.6 s of a core.
SCORED_LENGTH = 40
ACCEPTABLE_SCORE = 2
CONTEXT_WORDS = ("academy",)

# zxcvbn keeps the context words of a call in a module-level table: two threads would score with each other's words. So
# a process never spends more than one core on it, whatever arrives, and nobody waits for long.
_one_at_a_time = threading.Lock()
WAIT_SECONDS = 2.0


@dataclass(frozen=True)
class Strength:
    """`score` is zxcvbn's, 0 (guessed at once) to 4; `warning` and `suggestions` are for the person."""

    score: int
    acceptable: bool
    warning: str
    suggestions: list[str]


class WeakPassword(Problem):
    status, slug, title = 422, "weak-password", "This password is too easy to guess"

    def __init__(self, strength: Strength) -> None:
        message = " ".join([strength.warning or "It is too easy to guess.", *strength.suggestions])
        super().__init__(
            f"Choose another password and send again: {message}",
            errors=[{"field": "password", "message": message, "code": "password_too_weak"}],
            strength={"score": strength.score, "warning": strength.warning, "suggestions": strength.suggestions},
        )


def refuse_weak_password(password: str, about: Sequence[str]) -> None:
    """Raises WeakPassword unless the password is acceptable for a person of whom `about` is known."""
    strength = assess_password(password, about)
    if not strength.acceptable:
        raise WeakPassword(strength)


def assess_password(password: str, about: Sequence[str]) -> Strength:
    """The strength of a password for a person; `about` is what an attacker knows: name and e-mail address.
    Raises Unavailable after two seconds of waiting for other people's."""
    words = _context_words(about)
    if not _one_at_a_time.acquire(timeout=WAIT_SECONDS):
        raise Unavailable("Too many passwords are being looked at in this moment. Try again in a few seconds.")
    try:
        result = zxcvbn(password[:SCORED_LENGTH], user_inputs=words)
    finally:
        _one_at_a_time.release()
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


def _context_words(about: Sequence[str]) -> list[str]:
    parts = [part for text in about for part in re.split(r"\W+|_", text)]
    return [word for word in (*about, *parts, *CONTEXT_WORDS) if word]
