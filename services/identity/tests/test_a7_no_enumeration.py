"""A7: login, registration, verification and reset answer known and unknown addresses alike, in words and in time.

PAIRS=1000 runs it at the full number.
"""

import os
import statistics
import time
from collections.abc import Callable
from typing import Any

import pytest

from services.identity.tests.people import PASSWORD, Person, new_account, new_email, register
from shared.testing import Harness

PAIRS = int(os.environ.get("PAIRS", "40"))
GAP_SECONDS = 0.005


def login(harness: Harness, email: str) -> Any:
    return harness.client.post("/api/v1/auth/login", json={"email": email, "password": "wrong but long enough"})


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
    answers, seconds = set(), {True: [0.0], False: [0.0]}
    for _ in range(PAIRS):
        for known in (True, False):
            email = new_account(identity).email if known else new_email()
            began = time.perf_counter()
            answer = ask(identity, email)
            seconds[known].append(time.perf_counter() - began)
            answers.add(repr(words(answer, email)))
    assert len(answers) == 1, answers
    gap = abs(statistics.median(seconds[True]) - statistics.median(seconds[False]))
    assert gap <= GAP_SECONDS, f"median gap {gap * 1000:.2f} ms"


def test_registering_and_then_signing_in_tells_nothing_either(identity: Harness) -> None:
    known, unknown = new_account(identity).email, new_email()
    guess = "somebody elses otter 4"
    for email in (known, unknown):
        register(identity, email=email, password=guess)
    body = [
        identity.client.post("/api/v1/auth/login", json={"email": email, "password": guess})
        for email in (known, unknown)
    ]
    assert words(body[0], known) == words(body[1], unknown)


def test_a_wait_tells_nothing_either(identity: Harness) -> None:
    known = new_account(identity)
    stranger = Person(identity, known.id, new_email())
    for person in (known, stranger):
        statuses = [person.try_sign_in(password="wrong but long enough").status_code for _ in range(8)]
        assert statuses[:5] == [401] * 5
        assert statuses[-1] == 429
    assert PASSWORD not in known.try_sign_in().text
