"""L1 of the reliability page: far more slow requests than threads and connections."""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest

from shared import admission
from shared.testing import Harness

SLOW_CALLS = 200
SLOW_SECONDS = 1.5
# More than there are places.
STREAMS = 30


@dataclass(frozen=True)
class Answer:
    """What came, and after how many seconds."""

    status: int
    text: str
    seconds: float


@dataclass(frozen=True)
class Storm:
    """The answers to the slow calls, and those of the health routes meanwhile."""

    slow: list[Answer]
    alive: list[Answer]
    ready: list[Answer]


async def ask(url: str, path: str) -> Answer:
    """One request on a connection of its own. Not by an HTTP library: two hundred calls of one would keep this process
    busier than the server that it shares the processor with, and it is the server that is measured."""
    reader, writer = await asyncio.open_connection(urlsplit(url).hostname, urlsplit(url).port)
    began = time.perf_counter()
    writer.write(f"GET {path} HTTP/1.1\r\nHost: academy\r\nConnection: close\r\n\r\n".encode())
    text = (await reader.read()).decode()
    writer.close()
    return Answer(int(text.split(maxsplit=2)[1]), text, time.perf_counter() - began)


async def raise_storm(url: str) -> Storm:
    slow = [asyncio.create_task(ask(url, f"/things/slow?seconds={SLOW_SECONDS}")) for _ in range(SLOW_CALLS)]
    alive, ready = [], []
    while not all(task.done() for task in slow):
        alive.append(await ask(url, "/livez"))
        ready.append(await ask(url, "/readyz"))
        await asyncio.sleep(0.01)
    return Storm(await asyncio.gather(*slow), alive, ready)


def test_waits_that_have_ended_are_counted_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "MAX_WAITING", 2)
    monkeypatch.setattr(admission, "WAIT_SECONDS", 0.01)

    async def wait_in_vain_then_once_more() -> None:
        slots = admission.AdmissionSlots(1)
        await slots.take()
        for _ in range(3):
            with pytest.raises(admission.Overloaded):
                await slots.take()
        asyncio.get_running_loop().call_soon(slots.give_back)
        await slots.take()

    asyncio.run(wait_in_vain_then_once_more())


@pytest.fixture(scope="module")
def storm(things: Harness) -> Storm:
    return asyncio.run(raise_storm(things.url))


def test_what_cannot_be_done_in_time_is_answered_503_within_four_seconds(storm: Storm) -> None:
    assert set(Counter(answer.status for answer in storm.slow)) == {200, 503}
    surplus = [answer for answer in storm.slow if answer.status == 503]
    assert all("urn:academy:problem:overloaded" in answer.text for answer in surplus)
    assert all("\r\nretry-after: " in answer.text.lower() for answer in surplus)
    assert max(answer.seconds for answer in surplus) <= 4
    assert max(answer.seconds for answer in storm.slow) <= 7


def test_meanwhile_the_process_shows_that_it_lives_and_is_ready(storm: Storm) -> None:
    seconds = sorted(answer.seconds for answer in storm.alive)
    assert len(seconds) > 50
    assert seconds[int(len(seconds) * 0.99)] < 0.1
    assert {answer.status for answer in storm.alive + storm.ready} == {200}


def test_streams_that_go_on_keep_nobody_waiting(things: Harness) -> None:
    async def while_many_listen() -> Answer:
        address = urlsplit(things.url)
        writers = []
        for _ in range(STREAMS):
            reader, writer = await asyncio.open_connection(address.hostname, address.port)
            writer.write(b"GET /things/stream HTTP/1.1\r\nHost: academy\r\n\r\n")
            assert b"200" in await reader.readline()
            writers.append(writer)
        answer = await ask(things.url, "/things/slow?seconds=0")
        for writer in writers:
            writer.close()
        return answer

    assert asyncio.run(while_many_listen()).status == 200


def test_afterwards_everything_is_as_before(storm: Storm, things: Harness) -> None:
    async def burst() -> list[Answer]:
        return await asyncio.gather(*(ask(things.url, "/things/slow?seconds=0.01") for _ in range(SLOW_CALLS)))

    answers = asyncio.run(burst())
    assert Counter(answer.status for answer in answers) == {200: SLOW_CALLS}, (
        "no request waits in vain for a connection"
    )
    assert max(answer.seconds for answer in answers) <= 5
    assert things.app.state.database.engine.pool.checkedout() == 0
