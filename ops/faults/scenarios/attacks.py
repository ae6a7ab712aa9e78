"""F14: one address sends what is dear to answer as fast as it can; people at other addresses sign in and read."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx

from ops.faults.attacks import Attack, all_attacks, attack
from ops.faults.learners import Learner
from ops.faults.stage import Scenario, Stage
from ops.faults.trial import percentile
from ops.gateway import DEFAULTS

SHORT_SECONDS, FULL_SECONDS, CALM_SECONDS = 8.0, 60.0, 4.0
PEOPLE = 6
READS = ("/api/v1/users/me", "/api/v1/courses", "/api/v1/enrollments", "/api/v1/payments/orders")
# A sign-in, then one of each read, once in so many seconds: below what the gateway lets one address ask.
ROUND_SECONDS = 1.5
HONEST_SECONDS, ALIVE_MILLISECONDS = 1.0, 100.0
# The platform's own limits, not the open door of the other drills.
LIMITS = {name: value for name, value in DEFAULTS.items() if name.endswith(("_RATE", "_BURST", "_CONNECTIONS"))}


@dataclass
class Seen:
    """Seconds of each honest request, milliseconds of each /livez, and what was not answered 2xx."""

    honest: list[float] = field(default_factory=list)
    alive: list[float] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Bounds:
    """The longest p99 of honest requests (seconds) and of /livez (milliseconds). Where the machine is slow without an
    attack: three times what it shows then."""

    honest: float
    alive: float

    @classmethod
    def on_machine(cls, calm: Seen) -> "Bounds":
        """The bounds for a machine that was seen without an attack."""
        return cls(
            max(HONEST_SECONDS, round(3 * percentile(calm.honest, 0.99), 3)),
            max(ALIVE_MILLISECONDS, round(3 * percentile(calm.alive, 0.99))),
        )

    def hold(self, seen: Seen) -> bool:
        """True when both hold and nobody was refused."""
        slow = percentile(seen.honest, 0.99) > self.honest or percentile(seen.alive, 0.99) > self.alive
        return not slow and not seen.refused


async def act(stage: Stage) -> None:
    """A few seconds without an attack, to know what the machine does by itself; then one kind after the other."""
    seconds = FULL_SECONDS if stage.trial.full else SHORT_SECONDS
    attacker, *people = stage.school.learners[: PEOPLE + 1]
    token = (await attacker.headers())["Authorization"].removeprefix("Bearer ")
    attacks = await asyncio.to_thread(all_attacks, token)
    stage.trial.expect(len(attacks))
    async with stage.lab.told("gateway", **LIMITS):
        async with _watched(stage, people) as seen:
            await asyncio.sleep(CALM_SECONDS)
        _tell(stage, "no attack", seen)
        bounds = Bounds.on_machine(seen)
        for wanted in attacks:
            seen = await _under(stage, wanted, people, seconds)
            if not bounds.hold(seen):
                # A slow moment of the machine passes; a defect is there again.
                _tell(stage, f"{wanted.name}, first time", seen)
                seen = await _under(stage, wanted, people, seconds)
            _tell(stage, wanted.name, seen)
            _judge(stage, wanted.name, seen, bounds)
            stage.trial.advance(1)


async def _under(stage: Stage, wanted: Attack, people: Sequence[Learner], seconds: float) -> Seen:
    """What people saw during one attack."""
    async with _watched(stage, people) as seen:
        answers = await attack(stage.lab.state["gateway"], wanted, seconds)
    stage.trial.faults += answers.total()
    told = ", ".join(f"{count} x {status}" for status, count in sorted(answers.items()))
    stage.trial.check(f"{wanted.name}: sent", answers.total() > 0, told, "some")
    return seen


@asynccontextmanager
async def _watched(stage: Stage, people: Sequence[Learner]) -> AsyncIterator[Seen]:
    """People work while the context is open."""
    seen, stop = Seen(), asyncio.Event()
    working = asyncio.gather(
        _keep_asking_alive(stage, seen, stop),
        *(_work(stage, seen, stop, person, number) for number, person in enumerate(people)),
    )
    try:
        yield seen
    finally:
        stop.set()
        await working


def _tell(stage: Stage, name: str, seen: Seen) -> None:
    p50, p99 = (round(percentile(seen.honest, share) * 1000) for share in (0.5, 0.99))
    alive = round(percentile(seen.alive, 0.99))
    told = f"p50 {p50} ms, p99 {p99} ms of {len(seen.honest)}; /livez p99 {alive} ms"
    stage.trial.check(f"{name}: honest requests", bool(seen.honest), told, "some")


def _judge(stage: Stage, name: str, seen: Seen, bounds: Bounds) -> None:
    trial = stage.trial
    trial.at_most(f"{name}: honest p99", round(percentile(seen.honest, 0.99), 3), bounds.honest, " s")
    trial.equal(f"{name}: honest requests refused", dict(seen.refused), {})
    trial.at_most(f"{name}: /livez p99", round(percentile(seen.alive, 0.99)), bounds.alive, " ms")


async def _work(stage: Stage, seen: Seen, stop: asyncio.Event, person: Learner, number: int) -> None:
    """Signs in and reads, from an address of one's own."""
    transport = httpx.AsyncHTTPTransport(local_address=f"127.0.1.{number + 1}")
    async with httpx.AsyncClient(base_url=stage.lab.state["gateway"], transport=transport, timeout=35) as client:
        await asyncio.sleep(number * ROUND_SECONDS / PEOPLE)
        while not stop.is_set():
            began = time.monotonic()
            body = {"email": person.email, "password": person.password}
            answer = await _ask(client, seen, "POST", "/api/v1/auth/login", json=body)
            token = answer.json()["access_token"] if answer is not None and answer.is_success else person.access
            for path in READS:
                await _ask(client, seen, "GET", path, headers={"Authorization": f"Bearer {token}"})
            await asyncio.sleep(max(0.0, began + ROUND_SECONDS - time.monotonic()))


async def _ask(
    client: httpx.AsyncClient, seen: Seen, method: str, path: str, **options: object
) -> httpx.Response | None:
    began = time.perf_counter()
    answer = None
    try:
        answer = await client.request(method, path, **options)  # type: ignore[arg-type]
        outcome = "" if answer.is_success else str(answer.status_code)
    except httpx.TransportError as error:
        outcome = type(error).__name__
    seen.honest.append(time.perf_counter() - began)
    if outcome:
        seen.refused[f"{outcome} {method} {path}"] += 1
    return answer


async def _keep_asking_alive(stage: Stage, seen: Seen, stop: asyncio.Event) -> None:
    async with httpx.AsyncClient(base_url=stage.lab.state["services"]["identity"]["api"], timeout=35) as client:
        await client.get("/livez")
        while not stop.is_set():
            began = time.perf_counter()
            await client.get("/livez")
            seen.alive.append((time.perf_counter() - began) * 1000)
            await asyncio.sleep(0.05)


SCENARIO = Scenario("F14", "attacks from one address", act)
