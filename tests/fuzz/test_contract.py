"""The API keeps its contract whatever is asked: the short run, the same requests each time."""

from collections.abc import Iterator

import pytest

from ops.places import VAR
from tests.fuzz.contract import LEFT_OUT, Effort, all_but, play
from tests.fuzz.hunting import hunt
from tests.fuzz.platform import DOCUMENT, lived_in
from tests.fuzz.school import ROLES, School
from tests.fuzz.wire import wire_readers

SHORT = Effort(seed=7, examples=2, phases=("fuzzing", "stateful"))
VALUES = 150


@pytest.fixture(scope="module")
def lived(worker_id: str) -> Iterator[tuple[School, str]]:
    with lived_in(VAR / f"fuzz-short-{worker_id}") as (school, gateway):
        yield school, gateway


def test_no_header_and_no_body_brings_a_server_down(lived: tuple[School, str]) -> None:
    for reader in wire_readers(lived[0]):
        found = hunt(reader, SHORT.seed, VALUES)
        assert not found.defect, found.defect
        assert found.tried >= VALUES / 3, f"{reader.name}: the hunt has come to something"


# It ends sign-ins and accounts, so it comes last.
def test_no_request_is_answered_with_an_error_of_ours_an_undocumented_answer_or_without_asking_who_it_is(
    lived: tuple[School, str],
) -> None:
    defects: dict[str, str] = {}
    for role in ("anonymous", *ROLES):
        done = play(lived[0], DOCUMENT, lived[1], role, SHORT, lambda: None)
        defects |= {f"{role}: {line}": detail for line, detail in done.defects.items()}
        assert len(done.operations) == len(all_but(DOCUMENT, LEFT_OUT)), f"{role} has tried everything"
    assert not defects, "\n\n".join(f"{line}\n{detail}" for line, detail in defects.items())
