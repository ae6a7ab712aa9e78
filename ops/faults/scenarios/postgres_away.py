"""F5: Postgres is gone while a queue is full. Nothing may end in a dead queue, nothing may spin."""

import asyncio
import signal
from dataclasses import dataclass

from ops.faults.quiet import quiet
from ops.faults.shopping import eventually
from ops.faults.stage import Scenario, Stage
from shared import topology


@dataclass(frozen=True)
class Size:
    """Messages in the queue, and for how many seconds Postgres is away."""

    messages: int
    seconds: float


SHORT, FULL = Size(60, 8.0), Size(1000, 600.0)
TOLD = "SELECT count(*) FROM billing.outbox WHERE published_at IS NOT NULL AND subject = ANY(%s)"
STATISTICS_SECONDS = 5.5


async def act(stage: Stage) -> None:
    """Fills catalog's queue while its worker stands still, takes Postgres away, lets the worker go on."""
    lab, trial, size = stage.lab, stage.trial, FULL if stage.trial.full else SHORT
    trial.expect(size.messages)
    redelivered = await _redelivered(stage)
    async with lab.frozen("catalog-worker"):
        await stage.shop.buy_many(size.messages)
        await eventually(lambda: _all_told(stage), "the payments to be told")
        async with lab.without("postgres"):
            trial.faults += 1
            await lab.kill("catalog-worker", signal.SIGCONT)
            await asyncio.sleep(size.seconds / 2)
            await _check_intake(stage)
            await asyncio.sleep(size.seconds / 2)
    caught_up, busy = await quiet(lab)
    trial.at_most("caught up after its return", round(caught_up, 1), 60, " s")
    trial.equal("left over", busy, {})
    trial.equal("messages in dead queues", await lab.broker.dead(), 0)
    await asyncio.sleep(STATISTICS_SECONDS)
    again = (await _redelivered(stage) - redelivered) / size.messages
    trial.at_most("redeliveries a message", round(again, 2), 2)


async def _all_told(stage: Stage) -> bool:
    orders = [purchase.order_id for purchase in stage.shop.purchases]
    return await stage.lab.books.number(TOLD, [orders]) == len(orders)


async def _check_intake(stage: Stage) -> None:
    event = (await stage.lab.stripe.deliveries())["attempts"][0]["event"]
    stage.trial.equal("a webhook's answer meanwhile", (await stage.lab.stripe.resend(event))["status"], 503)


async def _redelivered(stage: Stage) -> int:
    statistics = await stage.lab.broker.statistics(topology.inbox_queue("catalog"))
    return int(statistics.get("message_stats", {}).get("redeliver", 0))


SCENARIO = Scenario("F5", "Postgres away, queue full", act)
