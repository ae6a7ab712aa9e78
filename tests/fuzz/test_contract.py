"""The API keeps its contract whatever is asked: the short run, the same requests each time."""

from pathlib import Path

from tests.fuzz.contract import Effort, play
from tests.fuzz.platform import DOCUMENT, lived_in

# Whoever may read what support may read plays it here; `make fuzz` plays support too.
ROLES = ("anonymous", "student", "instructor", "admin")
SHORT = Effort(seed=7, examples=1, seconds=9, phases=("fuzzing",))


def test_no_request_is_answered_with_an_error_of_ours_an_undocumented_answer_or_without_asking_who_it_is() -> None:
    defects: dict[str, str] = {}
    with lived_in(Path("var/fuzz-short")) as (school, gateway):
        for role in ROLES:
            done = play(school, DOCUMENT, gateway, role, SHORT, lambda: None)
            defects |= {f"{role}: {line}": detail for line, detail in done.defects.items()}
            assert done.requests > len(DOCUMENT["paths"]), f"{role}'s round has come to something"
    assert not defects, "\n\n".join(f"{line}\n{detail}" for line, detail in defects.items())
