"""How good a password is, said in words that a form can show.

No composition rules (OWASP ASVS 5.0, 6.2): length, a list of what attackers try first, and zxcvbn's estimate
(scoring.py).
"""

from collections.abc import Sequence

from services.identity.scoring import Strength, score_password
from shared.errors import Problem, Unavailable
from shared.processes import WorkerFailed, WorkerProcess
from shared.slots import Slot, require_slot

# Anybody may ask while typing, so that has a slot and a process of its own: it cannot keep a registration waiting. A
# registration hashes as well; one at a time leaves the other slots for hashes to those who sign in.
TYPING = Slot("passwords while typing", size=1, queue=16, share=4)
DECIDING = Slot("new passwords", size=1, queue=40, share=20, wait_seconds=5.0)
# The dearest password takes 60 ms of a core.
SCORING_SECONDS = 2.0

_processes = {slot: WorkerProcess(score_password, SCORING_SECONDS) for slot in (TYPING, DECIDING)}


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
    """Raises WeakPassword unless the password is acceptable for a person of whom `about` is known; Unavailable. The
    route takes a DECIDING slot."""
    strength = assess_password(password, about)
    if not strength.acceptable:
        raise WeakPassword(strength)


def assess_password(password: str, about: Sequence[str], slot: Slot = DECIDING) -> Strength:
    """The strength of a password for a person; `about` is what an attacker knows: name and e-mail address. Raises
    Unavailable when its process died or took too long; RuntimeError in a request whose route does not take the slot."""
    require_slot(slot)
    try:
        return _processes[slot].call(password, tuple(about))
    except WorkerFailed as error:
        raise Unavailable("The password could not be looked at. Nothing was changed; try again in a second.") from error
