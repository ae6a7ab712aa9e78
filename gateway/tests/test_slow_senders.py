"""G2: thousands who send slowly hold nothing but their own connection."""

import asyncio
import resource
import statistics
import time
from pathlib import Path

from gateway.tests.door import Door, open_door

COUNT = 2000
HEADER = b"GET /api/v1/users/slow-header HTTP/1.1\r\nHost: localhost\r\n"
BODY = b"POST /api/v1/users/slow-body HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nx"


def test_four_thousand_slow_senders_delay_nobody_and_reach_no_service(
    home: Path, far_end: tuple[dict[str, str], list[str]]
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 16384), hard))
    place = home / "slow"
    place.mkdir()
    changes = {"GATEWAY_CONNECTIONS": "5000", "GATEWAY_API_RATE": "100000r/s", "GATEWAY_API_BURST": "5000"}
    try:
        with open_door(place, far_end[0], **changes) as door:
            before = len(far_end[1])
            seconds = asyncio.run(_honest_seconds(door))
            heard = far_end[1][before:]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert statistics.quantiles(seconds, n=20)[-1] < 1
    assert set(heard) == {"GET /api/v1/users/honest"}


async def _honest_seconds(door: Door) -> list[float]:
    """How long each of 100 honest requests took while 2,000 headers and 2,000 bodies trickled in."""
    slow = [await _begin(door, start) for _ in range(COUNT) for start in (HEADER, BODY)]
    trickle = asyncio.create_task(_trickle(slow))
    seconds = []
    for _ in range(100):
        began = time.monotonic()
        answer = await asyncio.to_thread(door.ask, "GET", "/api/v1/users/honest")
        assert answer.status == 200
        seconds.append(time.monotonic() - began)
    trickle.cancel()
    for writer in slow:
        writer.transport.abort()
    return seconds


async def _begin(door: Door, start: bytes) -> asyncio.StreamWriter:
    _, writer = await asyncio.open_connection("127.0.0.1", door.port)
    writer.write(start)
    return writer


async def _trickle(writers: list[asyncio.StreamWriter]) -> None:
    while True:
        for writer in writers:
            writer.write(b"x")
        await asyncio.sleep(1)
