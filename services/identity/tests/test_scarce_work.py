"""Hashing, scoring and drawing are scarce: whoever waits for one of them holds up nobody else."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from services.identity import password_strength
from services.identity.password_strength import DECIDING, TYPING
from services.identity.passwords import HASHING
from services.identity.tests.people import Person, new_account, new_email, new_person, register, verify
from services.identity.tests.samples import picture
from shared.testing import Harness, wait_until

AVATAR = "/api/v1/users/me/avatar"
STRENGTH = "/api/v1/auth/password-strength"
TOO_MANY = "urn:academy:problem:too-many-at-once"
BLOCKED = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = CAST(:name AS regclass)"
# Beyond what is admitted at once.
CROWD = 30


@pytest.fixture
def crowd() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(CROWD + 5) as pool:
        yield pool


@contextmanager
def locked(identity: Harness, table: str, mode: str) -> Iterator[Any]:
    """While the block runs, requests that need the table stand still. Gives a function that waits for a number of
    them."""
    engine = identity.academy.owner("identity")
    with engine.connect() as connection, connection.begin():
        connection.execute(text(f"LOCK TABLE {table} IN {mode} MODE"))

        def wait_for(number: int) -> None:
            with identity.database.read() as looking:
                wait_until(
                    lambda: looking.scalar(text(BLOCKED), {"name": table}) == number, what=f"{number} at {table}"
                )

        yield wait_for
    engine.dispose()


def send_picture(person: Person) -> Any:
    headers = {"Content-Type": "image/png"}
    return person.browser.request("PUT", AVATAR, content=picture("PNG"), headers=headers)


def register_whole(identity: Harness) -> Any:
    """The answer to the second step of a registration, which sets the password."""
    email = new_email()
    assert register(identity, email=email).status_code == 202
    return verify(identity, email)


def rate(identity: Harness, address: str) -> httpx.Response:
    body, headers = {"password": "correct horse battery staple"}, {"X-Forwarded-For": address}
    return identity.client.post(STRENGTH, json=body, headers=headers)


def test_with_all_hashing_slots_taken_other_routes_answer(
    identity: Harness, person: Person, crowd: ThreadPoolExecutor
) -> None:
    guests = [new_account(identity) for _ in range(CROWD)]
    with locked(identity, "sign_in_throttles", "SHARE") as wait_for:
        answers = [crowd.submit(guest.try_sign_in) for guest in guests]
        wait_for(HASHING.size)
        assert person.me().status_code == 200
        assert identity.client.get("/api/v1/auth/providers").status_code == 200
        assert rate(identity, "203.0.113.1").status_code == 200
        assert send_picture(person).status_code == 200
    assert {answer.result().status_code for answer in answers} <= {200, 503}


def test_whoever_waits_too_long_for_a_hashing_slot_is_asked_to_come_back(
    identity: Harness, person: Person, crowd: ThreadPoolExecutor
) -> None:
    guests = [new_account(identity) for _ in range(HASHING.size)]
    with locked(identity, "sign_in_throttles", "SHARE") as wait_for:
        answers = [crowd.submit(guest.try_sign_in) for guest in guests]
        wait_for(HASHING.size)
        late = person.try_sign_in()
    assert (late.status_code, late.json()["type"]) == (503, "urn:academy:problem:slot-busy")
    assert late.headers["retry-after"]
    assert {answer.result().status_code for answer in answers} == {200}


def test_one_address_cannot_fill_the_queue_of_sign_ins(identity: Harness, crowd: ThreadPoolExecutor) -> None:
    guest = new_account(identity)
    body = {"email": guest.email, "password": guest.password}

    def sign_in(_: int) -> int:
        headers = {"X-Forwarded-For": "203.0.113.77"}
        return identity.client.post("/api/v1/auth/login", json=body, headers=headers).status_code

    with ThreadPoolExecutor(HASHING.share + 6) as many, locked(identity, "sign_in_throttles", "SHARE"):
        answers = [many.submit(sign_in, number) for number in range(HASHING.share + 6)]
        wait_until(lambda: sum(answer.done() for answer in answers) == 6, seconds=1.9, what="the surplus to be refused")
        assert {answer.result() for answer in answers if answer.done()} == {429}


def test_the_second_picture_of_an_account_is_refused_while_the_first_is_worked_on(
    identity: Harness, person: Person, crowd: ThreadPoolExecutor
) -> None:
    other = new_person(identity)
    with locked(identity, "avatar_files", "SHARE") as wait_for:
        first = crowd.submit(send_picture, person)
        wait_for(1)
        refused = [send_picture(person) for _ in range(CROWD)]
        others = crowd.submit(send_picture, other)
        assert person.me().status_code == 200
    assert {(answer.status_code, answer.json()["type"]) for answer in refused} == {(429, TOO_MANY)}
    assert all(answer.headers["retry-after"] for answer in refused)
    assert (first.result().status_code, others.result().status_code) == (200, 200)
    assert send_picture(person).status_code == 200


def test_revocations_and_keys_are_read_with_every_admission_slot_taken(
    identity: Harness, person: Person, crowd: ThreadPoolExecutor
) -> None:
    token = identity.app.state.settings.internal_token.get_secret_value()
    admitted = identity.app.state.settings.database_pool_size - 2
    with locked(identity, "users", "ACCESS EXCLUSIVE") as wait_for:
        stuck = [crowd.submit(person.me) for _ in range(CROWD)]
        wait_for(admitted)
        reads = [
            identity.client.get("/.well-known/jwks.json"),
            *crowd.map(_read_revocations, [identity] * 5, [token] * 5),
            identity.client.get("/readyz"),
        ]
    assert {answer.status_code for answer in reads} == {200}
    assert {answer.result().status_code for answer in stuck} <= {200, 503}


def _read_revocations(identity: Harness, token: str) -> httpx.Response:
    return identity.client.get("/internal/revocations", headers={"Authorization": f"Bearer {token}"})


@contextmanager
def typing_stands_still(identity: Harness) -> Iterator[None]:
    """While the block runs, the process that scores what people type does nothing."""
    assert rate(identity, "203.0.113.1").status_code == 200
    pid = password_strength._processes[TYPING].pid
    assert pid
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        # On a slow machine it was ended meanwhile.
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


def test_whoever_asks_for_scores_while_typing_does_not_hold_up_a_registration(
    identity: Harness, crowd: ThreadPoolExecutor
) -> None:
    with typing_stands_still(identity):
        answers = [crowd.submit(rate, identity, "203.0.113.1") for _ in range(TYPING.share + 3)]
        wait_until(lambda: sum(answer.done() for answer in answers) == 3, seconds=1.9, what="the surplus to be refused")
        refused = [answer.result() for answer in answers if answer.done()]
        others = crowd.submit(rate, identity, "203.0.113.2")
        assert register_whole(identity).status_code == 201
    assert {(answer.status_code, answer.json()["type"]) for answer in refused} == {(429, TOO_MANY)}
    assert all(answer.headers["retry-after"] for answer in refused)
    assert others.result().status_code != 429


@pytest.mark.parametrize("slot", [TYPING, DECIDING], ids=lambda slot: slot.name)
def test_a_scoring_process_that_died_is_replaced(identity: Harness, slot: Any) -> None:
    def ask() -> Any:
        return rate(identity, "203.0.113.1") if slot == TYPING else register_whole(identity)

    assert ask().status_code in (200, 201)
    pid = password_strength._processes[slot].pid
    assert pid
    os.kill(pid, signal.SIGKILL)
    failed = ask()
    assert (failed.status_code, bool(failed.headers["retry-after"])) == (503, True)
    assert ask().status_code in (200, 201)
