"""F3: RabbitMQ is gone while people buy. Nobody notices at the door, and afterwards nothing is missing."""

import asyncio
import time
from dataclasses import dataclass

from ops.faults.places import WORKERS
from ops.faults.quiet import quiet
from ops.faults.stage import Scenario, Stage
from ops.faults.trial import percentile


@dataclass(frozen=True)
class Size:
    """Checkouts, and for how many seconds the broker is away."""

    checkouts: int
    seconds: float


SHORT, FULL = Size(60, 6.0), Size(1000, 900.0)


async def act(stage: Stage) -> None:
    """Kills the broker, buys, waits until its time is over, starts it again and measures the way back."""
    lab, trial, size = stage.lab, stage.trial, FULL if stage.trial.full else SHORT
    trial.expect(size.checkouts)
    memory = {name: lab.resident_megabytes(name) for name in WORKERS}
    errors, began = lab.client.count_server_errors(), time.time()
    async with lab.without("rabbitmq"):
        trial.faults += 1
        buying = stage.shop.buy_many(size.checkouts, at_a_time=4, per_second=max(5.0, size.checkouts / size.seconds))
        await asyncio.gather(buying, asyncio.sleep(size.seconds))
        trial.equal("5xx answers while it was away", lab.client.count_server_errors() - errors, 0)
        await _check_webhooks(stage, began)
        growth = max(lab.resident_megabytes(name) - memory[name] for name in WORKERS)
        trial.at_most("memory growth of a worker", round(growth, 1), 50, " MB")
    drained, busy = await quiet(lab)
    trial.check("backlog drained after its return", not busy, f"{drained:.1f} s", "at most 120 s")


async def _check_webhooks(stage: Stage, since: float) -> None:
    log = (await stage.lab.stripe.deliveries(limit=20_000))["attempts"]
    recent = [attempt for attempt in log if attempt["started_at"] >= since]
    p99 = percentile([attempt["milliseconds"] for attempt in recent], 0.99)
    stage.trial.at_most("webhook p99", p99, 250, " ms")
    stage.trial.equal("webhooks refused", sum(attempt["status"] != 200 for attempt in recent), 0)


SCENARIO = Scenario("F3", "broker away", act)
