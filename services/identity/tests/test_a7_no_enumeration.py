"""A7: login, registration, verification and reset answer known and unknown addresses alike, in words and in time.

FULL=1 runs it at its full number, 1,000 pairs.
"""

import os
import statistics
import time
from collections.abc import Callable
from typing import Any

import pytest
from uuid_utils.compat import uuid7

from services.identity.tests.people import Person, new_account, new_email, register
from shared.testing import Harness

PAIRS = 1000 if os.environ.get("FULL") == "1" else 16
GAP_SECONDS = 0.005


def login(harness: Harness, email: str, password: str = "wrong but long enough") -> Any:
    # Each from a network address of its own: two thousand from one would be made to wait.
    return Person(harness, uuid7(), email, password).try_sign_in()


def sign_up(harness: Harness, email: str) -> Any:
    return register(harness, email=email)


def ask_reset(harness: Harness, email: str) -> Any:
    return harness.client.post("/api/v1/auth/password-reset", json={"email": email})


def words(answer: Any, email: str) -> tuple[Any, ...]:
    """The answer without what is of this request: its id and the address it gave."""
    body = {name: value for name, value in answer.json().items() if name != "request_id"}
    headers = {name for name in answer.headers if name != "x-request-id"}
    return answer.status_code, str(body).replace(email, "..."), sorted(headers)


@pytest.mark.parametrize("ask", [login, sign_up, ask_reset], ids=lambda ask: ask.__name__)
def test_known_and_unknown_addresses_get_the_same_answer_in_the_same_time(
    identity: Harness, ask: Callable[[Harness, str], Any]
) -> None:
    answers, gaps = set(), []
    for number in range(PAIRS):
        seconds = {}
        # Now the one first, now the other: what slows the machine down slows both.
        for known in (number % 2 == 0, number % 2 == 1):
            email = new_account(identity).email if known else new_email()
            began = time.perf_counter()
            answer = ask(identity, email)
            seconds[known] = time.perf_counter() - began
            answers.add(repr(words(answer, email)))
        gaps.append(seconds[True] - seconds[False])
    assert len(answers) == 1, answers
    # What a busy machine alone makes of a median of so many: three times its standard error.
    noise = 3 * 1.25 * statistics.stdev(gaps) / PAIRS**0.5
    assert abs(statistics.median(gaps)) <= GAP_SECONDS + noise, f"median {statistics.median(gaps) * 1000:.2f} ms"


def test_registering_and_then_signing_in_tells_nothing_either(identity: Harness) -> None:
    known, unknown = new_account(identity).email, new_email()
    guess = "somebody elses otter 4"
    for email in (known, unknown):
        register(identity, email=email)
    assert words(login(identity, known, guess), known) == words(login(identity, unknown, guess), unknown)


def test_a_wait_tells_nothing_either(identity: Harness) -> None:
    known = new_account(identity)
    stranger = Person(identity, known.id, new_email())
    for person in (known, stranger):
        statuses = [person.try_sign_in(password="wrong but long enough").status_code for _ in range(12)]
        assert statuses[:5] == [401] * 5
        assert 429 in statuses
