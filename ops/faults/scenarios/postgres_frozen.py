"""F6: Postgres stands still but its connections stay open, first all of it, then behind a black hole."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx

from ops.faults.proxy import Mode
from ops.faults.shopping import eventually
from ops.faults.stage import Scenario, Stage
from ops.faults.trial import percentile
from ops.places import SERVICES

SHORT_SECONDS, FULL_SECONDS = 9.0, 60.0
ANSWER_SECONDS = 8.0
# A read of each service that needs its database.
READS = {
    "identity": "/api/v1/users/me",
    "catalog": "/api/v1/enrollments",
    "billing": "/api/v1/payments/orders",
    "certificates": "/api/v1/certificates",
    "notifications": "/api/v1/notifications",
    "live": "/api/v1/live-sessions",
}
AT_A_TIME = 3
LUCKY_SECONDS = 1.0


@dataclass
class Seen:
    """What callers saw: (seconds, status) of each read, None for no answer; milliseconds of each /livez.

    `during` holds those answers that came before the fault ended.
    """

    answers: list[tuple[float, int | None]] = field(default_factory=list)
    alive: list[float] = field(default_factory=list)
    during: list[tuple[float, int | None]] = field(default_factory=list)

    def heal(self) -> None:
        """The fault ends now."""
        self.during = self.answers[:]


async def act(stage: Stage) -> None:
    """Freezes the server, thaws it; then puts one service's connections into a black hole."""
    seconds = FULL_SECONDS if stage.trial.full else SHORT_SECONDS
    stage.trial.expect(2)
    async with _watched(stage, SERVICES, "frozen") as seen, stage.lab.frozen("postgres"):
        await asyncio.sleep(seconds)
        seen.heal()
    await _check_recovery(stage, SERVICES, "frozen")
    async with stage.lab.between("catalog-api", "postgres") as proxy:
        async with _watched(stage, ["catalog"], "black hole") as seen:
            proxy.become(Mode.BLACKHOLE)
            await asyncio.sleep(seconds)
            seen.heal()
            proxy.become(Mode.PASS)
        await _check_recovery(stage, ["catalog"], "black hole")


@asynccontextmanager
async def _watched(stage: Stage, services: Sequence[str], what: str) -> AsyncIterator[Seen]:
    """Reads all the time while the context is open, and judges what was seen."""
    seen, stop = Seen(), asyncio.Event()
    headers = await stage.school.learners[0].headers()
    # Connections are open and caches are warm before the fault begins.
    await asyncio.gather(*(_read(stage, Seen(), service, headers) for service in services))
    tasks = [_keep_reading(stage, seen, service, headers, stop) for service in services for _ in range(AT_A_TIME)]
    tasks += [_feel_pulse(stage, seen, service, stop) for service in services]
    watching = asyncio.gather(*tasks)
    stage.trial.faults += 1
    try:
        yield seen
    finally:
        stop.set()
        await watching
    # Who asked in the moment before the fault may have been lucky.
    statuses = {status for took, status in seen.during if took > LUCKY_SECONDS}
    stage.trial.equal(f"{what}: answers", statuses, {503})
    stage.trial.at_most(
        f"{what}: slowest answer", round(max(took for took, _ in seen.answers), 1), ANSWER_SECONDS, " s"
    )
    stage.trial.at_most(f"{what}: /livez p99", round(percentile(seen.alive, 0.99)), 100, " ms")
    stage.trial.advance(1)


async def _keep_reading(stage: Stage, seen: Seen, service: str, headers: dict[str, str], stop: asyncio.Event) -> None:
    # After the fault has begun.
    await asyncio.sleep(0.5)
    while not stop.is_set():
        await _read(stage, seen, service, headers)
        await asyncio.sleep(0.05)


async def _read(stage: Stage, seen: Seen, service: str, headers: dict[str, str]) -> None:
    began = time.perf_counter()
    answer = await stage.lab.client.once("GET", READS[service], headers=headers)
    seen.answers.append((time.perf_counter() - began, answer.status_code if answer is not None else None))


async def _feel_pulse(stage: Stage, seen: Seen, service: str, stop: asyncio.Event) -> None:
    url = f"{stage.lab.state['services'][service]['api']}/livez"
    await stage.lab.client.once("GET", url)
    while not stop.is_set():
        began = time.perf_counter()
        await stage.lab.client.once("GET", url)
        seen.alive.append((time.perf_counter() - began) * 1000)
        await asyncio.sleep(0.2)


async def _check_recovery(stage: Stage, services: Sequence[str], what: str) -> None:
    headers = await stage.school.learners[0].headers()

    async def well() -> bool:
        seen = Seen()
        await asyncio.gather(*(_read(stage, seen, service, headers) for service in services for _ in range(AT_A_TIME)))
        return all(status == httpx.codes.OK for _, status in seen.answers)

    stage.trial.at_most(f"{what}: well again", round(await eventually(well, "all reads to work"), 1), 10, " s")


SCENARIO = Scenario("F6", "Postgres frozen", act)
