"""The API keeps its contract whatever is asked: the short run, the same requests each time."""

from collections import Counter
from contextlib import closing

from ops.native.platform import Platform
from tests.fuzz.contract import LEFT_OUT, Effort, all_but, play
from tests.fuzz.hunting import hunt
from tests.fuzz.platform import DOCUMENT
from tests.fuzz.school import ROLES, School
from tests.fuzz.wire import wire_readers

SHORT = Effort(seed=7, examples=1, phases=("fuzzing",), stories=8)
VALUES = 40
PLAYED = ROLES


def test_no_request_is_answered_with_an_error_of_ours_an_undocumented_answer_or_without_asking_who_it_is(
    own_platform: Platform,
) -> None:
    state = own_platform.up()
    with closing(School(state, DOCUMENT)) as school:
        break_headers_and_bodies(school)
        # It ends sign-ins and accounts, so it comes last.
        ask_everything(school, state["gateway"])
    own_platform.remove()


def break_headers_and_bodies(school: School) -> None:
    for reader in wire_readers(school):
        found = hunt(reader, SHORT.seed, VALUES)
        assert not found.defect, found.defect
        assert found.tried >= VALUES / 3, f"{reader.name}: the hunt has come to something"


def ask_everything(school: School, gateway: str) -> None:
    defects: dict[str, str] = {}
    led_to: Counter[str] = Counter()
    for role in PLAYED:
        done = play(school, DOCUMENT, gateway, role, SHORT, lambda: None)
        led_to += done.led_to
        defects |= {f"{role}: {line}": detail for line, detail in done.defects.items()}
        assert len(done.operations) == len(all_but(DOCUMENT, LEFT_OUT)), f"{role} has tried everything"
    assert led_to.keys() >= {"GET", "POST", "PATCH", "DELETE"}, "what was made was used, changed and deleted"
    assert led_to.total() > 20
    assert not defects, "\n\n".join(f"{line}\n{detail}" for line, detail in defects.items())
