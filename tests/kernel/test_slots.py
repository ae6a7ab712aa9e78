"""Who waits for scarce work holds up nobody else, and nobody fills the queue for all."""

import socket
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from sqlalchemy import text

from shared import locks
from shared.processes import WorkerFailed, WorkerProcess
from shared.slots import needs
from shared.testing import Harness, wait_until
from tests.kernel.trial_service import PRESS

TOO_MANY = "urn:academy:problem:too-many-at-once"
BUSY = "urn:academy:problem:slot-busy"
LOCK = 8125
WAITING = (
    "SELECT count(*) FROM pg_locks JOIN pg_database ON oid = database"
    " WHERE locktype = 'advisory' AND NOT granted AND datname = current_database()"
)


@pytest.fixture
def crowd() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(60) as pool:
        yield pool


def press(things: Harness, address: str) -> httpx.Response:
    """The answer to a request for scarce work from that network address."""
    headers = {"X-Forwarded-For": address, "Connection": "close"}
    return things.client.get("/things/pressed", params={"lock": LOCK}, headers=headers)


@contextmanager
def slot_taken(things: Harness, crowd: ThreadPoolExecutor, address: str) -> Iterator[Future[httpx.Response]]:
    """While the block runs somebody holds the only slot; their answer comes afterwards."""
    with things.database.begin() as session:
        locks.take_lock(session, str(LOCK))
        first = crowd.submit(press, things, address)
        with things.database.read() as looking:
            wait_until(lambda: looking.scalar(text(WAITING)) == 1, what="the slot to be taken")
        yield first


def test_other_requests_answer_while_many_wait_for_a_slot(things: Harness, crowd: ThreadPoolExecutor) -> None:
    with slot_taken(things, crowd, "203.0.113.1") as first:
        waiting = [crowd.submit(press, things, f"198.51.100.{n}") for n in range(50)]
        refused = [answer.result() for answer in waiting if answer.done()]
        answers = [things.client.get("/things", params={"name": "nobody"}) for _ in range(20)]
    assert {answer.status_code for answer in answers} == {200}
    assert first.result().status_code == 200
    assert {answer.result().status_code for answer in waiting} <= {200, 429, 503}
    assert all(answer.json()["type"] == TOO_MANY for answer in refused)


def test_whoever_comes_after_the_queue_is_full_is_refused_at_once(things: Harness, crowd: ThreadPoolExecutor) -> None:
    with slot_taken(things, crowd, "203.0.113.1") as first:
        answers = [crowd.submit(press, things, f"198.51.100.{n}") for n in range(10)]
        wait_until(lambda: sum(answer.done() for answer in answers) == 10 - PRESS.queue, seconds=1.9)
    statuses = sorted(answer.result().status_code for answer in answers)
    assert statuses == [200] * PRESS.queue + [429] * (10 - PRESS.queue)
    assert first.result().status_code == 200
    refused = next(answer.result() for answer in answers if answer.result().status_code == 429)
    assert (refused.json()["type"], refused.headers["retry-after"]) == (TOO_MANY, "2")


@pytest.mark.parametrize(
    ("same", "other"), [("203.0.113.1", "203.0.113.2"), ("2001:db8:1:2::1", "2001:db8:1:3::1")], ids=["IPv4", "IPv6"]
)
def test_one_address_does_not_fill_the_queue(things: Harness, crowd: ThreadPoolExecutor, same: str, other: str) -> None:
    neighbour = same.replace("::1", "::ffff:2")
    with slot_taken(things, crowd, same) as first:
        mine = [crowd.submit(press, things, neighbour) for _ in range(5)]
        wait_until(lambda: sum(answer.done() for answer in mine) == 5 - (PRESS.share - 1), seconds=1.9)
        others = crowd.submit(press, things, other)
    assert sorted(answer.result().status_code for answer in mine) == [200, 429, 429, 429, 429]
    assert (first.result().status_code, others.result().status_code) == (200, 200)


def test_an_account_counts_as_one_whatever_its_address(things: Harness, crowd: ThreadPoolExecutor) -> None:
    caller = things.caller()

    def press_mine(number: int) -> Any:
        headers = {"X-Forwarded-For": f"198.51.100.{number}"}
        return caller.post("/things/mine", params={"lock": LOCK}, headers=headers)

    with slot_taken(things, crowd, "203.0.113.1"):
        answers = [crowd.submit(press_mine, number) for number in range(5)]
        wait_until(lambda: sum(answer.done() for answer in answers) == 5 - PRESS.share, seconds=1.9)
    statuses = sorted(answer.result().status_code for answer in answers)
    assert statuses == [200] * PRESS.share + [429] * (5 - PRESS.share)


def test_whoever_waits_too_long_is_asked_to_come_back(things: Harness, crowd: ThreadPoolExecutor) -> None:
    with slot_taken(things, crowd, "203.0.113.1") as first:
        late = press(things, "203.0.113.2")
    assert (late.status_code, late.json()["type"]) == (503, BUSY)
    assert late.headers["retry-after"]
    assert first.result().status_code == 200


def test_a_slow_sender_holds_no_slot(things: Harness, crowd: ThreadPoolExecutor) -> None:
    address, caller = urlsplit(things.url), things.caller()
    with socket.create_connection((address.hostname or "", address.port or 0)) as slow:
        head = f"POST /things/mine?lock={LOCK} HTTP/1.1\r\nHost: academy\r\nAuthorization: Bearer {caller.token}\r\n"
        slow.sendall(f"{head}Idempotency-Key: slow\r\nContent-Length: 100\r\n\r\nhalf".encode())
        assert press(things, "203.0.113.2").status_code == 200


def test_scarce_work_without_a_declared_slot_is_a_defect(things: Harness) -> None:
    assert things.client.get("/things/unannounced").status_code == 500


def test_a_coroutine_cannot_declare_a_slot() -> None:
    async def route() -> None: ...

    with pytest.raises(TypeError, match="event loop"):
        needs(PRESS)(route)


def test_a_worker_process_that_takes_too_long_is_replaced() -> None:
    worker = WorkerProcess(time.sleep, 0.2)
    worker.call(0)
    before = worker.pid
    with pytest.raises(WorkerFailed):
        worker.call(60)
    assert worker.pid is None
    worker.call(0)
    assert worker.pid not in (None, before)


def test_a_worker_process_passes_on_what_its_function_raises() -> None:
    worker = WorkerProcess(int, 5.0)
    assert worker.call("7") == 7
    with pytest.raises(ValueError, match="seven"):
        worker.call("seven")
    assert worker.call("8") == 8
