"""F13: every service is told to end, one process after the other, while people go on working. Nobody may notice."""

import asyncio
import time
from collections import Counter

import httpx

from ops.faults.replicas import Replicas, two_of_each_api
from ops.faults.scenarios.postgres_frozen import READS
from ops.faults.stage import Scenario, Stage
from ops.places import SERVICES

SHORT_ROUNDS, FULL_ROUNDS = 1, 10
PER_SECOND = 50.0
# Every so many requests one is a checkout: a POST, which the gateway may not repeat for us.
CHECKOUT_ONE_IN = 25
EXIT_SECONDS = 25.0
# About: the bar moves with the checkouts.
CHECKOUTS_A_TURN = 8


async def act(stage: Stage) -> None:
    """Two replicas of each api; SIGTERM to each of them and to each worker in turn, at 50 requests a second."""
    lab, trial = stage.lab, stage.trial
    rounds = FULL_ROUNDS if trial.full else SHORT_ROUNDS
    async with two_of_each_api(lab) as replicas:
        # A worker and one of the two apis may go together: nobody has promised that they do not.
        turns = [
            names for service in SERVICES for names in ((f"{service}-api", f"{service}-worker"), (f"{service}-api-2",))
        ]
        trial.expect(rounds * len(turns) * CHECKOUTS_A_TURN)
        # What failed while the replicas came up is not what is asked here.
        before, stop = Counter(lab.client.errors), asyncio.Event()
        working = asyncio.create_task(_work(stage, stop))
        exits: list[float] = []
        for turn in turns * rounds:
            exits += await asyncio.gather(*(_roll(stage, replicas, name) for name in turn))
        stop.set()
        requests = await working
        trial.equal("errors that callers saw", dict(Counter(lab.client.errors) - before), {})
        trial.at_most("slowest exit", round(max(exits), 1), EXIT_SECONDS, " s")
        trial.check("requests meanwhile", requests > 0, requests, "some")


async def _roll(stage: Stage, replicas: Replicas, name: str) -> float:
    async with stage.lab.supervision.holding(name):
        began = time.monotonic()
        await replicas.stop(name)
        took = time.monotonic() - began
        await replicas.start(name)
    stage.trial.faults += 1
    return took


async def _work(stage: Stage, stop: asyncio.Event) -> int:
    """Fifty requests a second, whatever the answers: reads of all six services, and a checkout now and then."""
    requests: list[asyncio.Task[object]] = []
    began = time.monotonic()
    while not stop.is_set():
        await asyncio.sleep(began + len(requests) / PER_SECOND - time.monotonic())
        number = len(requests)
        requests.append(asyncio.create_task(_request(stage, number)))
    await asyncio.gather(*requests)
    return len(requests)


async def _request(stage: Stage, number: int) -> None:
    if number % CHECKOUT_ONE_IN == 0:
        await stage.shop.buy()
        return
    learner = stage.school.learners[number % len(stage.school.learners)]
    service = SERVICES[number % len(SERVICES)]
    answer = await stage.lab.client.once("GET", READS[service], headers=await learner.headers())
    if answer is not None and answer.status_code == httpx.codes.UNAUTHORIZED:
        stage.lab.client.refused_tokens += 1


SCENARIO = Scenario("F13", "rolling SIGTERM at 50 requests/s", act)
