"""F12: the whole history is published again, three times, in random order. Nothing may change anywhere."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import orjson

from ops.faults.database import Books
from ops.faults.quiet import quiet
from ops.faults.shopping import eventually
from ops.faults.stage import Scenario, Stage
from ops.faults.state_hash import hash_state
from ops.places import SERVICES
from shared import topology
from shared.publisher import Message

TIMES = 3
HISTORY = "SELECT event_id::text AS event_id, type, envelope FROM {schema}.outbox"
# What jobs do by the clock (the audit log is sealed each minute) must not be taken for what the events did.
PUT_JOBS_OFF = "UPDATE {schema}.jobs SET next_run_at = next_run_at + interval '1 hour'"
BRING_JOBS_BACK = "UPDATE {schema}.jobs SET next_run_at = next_run_at - interval '1 hour'"


async def act(stage: Stage) -> None:
    """Hashes all schemas, repeats everything that was ever told, and hashes again."""
    lab, trial = stage.lab, stage.trial
    trial.expect(TIMES + 5)
    await stage.shop.buy_many(5)
    async with _without_jobs(lab.books):
        await _publish_again(stage)


async def _publish_again(stage: Stage) -> None:
    lab, trial = stage.lab, stage.trial
    await quiet(lab)
    before = await hash_state(lab.books)
    history = await lab.books.everywhere(HISTORY)
    trial.check("events in the history", len(history) > 0, len(history), "some")
    for _ in range(TIMES):
        trial.rng.shuffle(history)
        await _publish(stage, history)
        trial.faults += len(history)
        trial.advance(1)
    await eventually(lambda: _all_read(stage), "the queues to be empty")
    await quiet(lab)
    after = await hash_state(lab.books)
    changed = [table for table, digest in before.items() if after.get(table) != digest]
    trial.equal("tables that changed", changed, [])


@asynccontextmanager
async def _without_jobs(books: Books) -> AsyncIterator[None]:
    for service in SERVICES:
        await books.rows(PUT_JOBS_OFF.format(schema=service))
    try:
        yield
    finally:
        for service in SERVICES:
            await books.rows(BRING_JOBS_BACK.format(schema=service))


async def _publish(stage: Stage, history: list[tuple[str, ...]]) -> None:
    """All services speak at the same time, each in its own random order."""
    by_source: dict[str, list[Message]] = defaultdict(list)
    for source, event_id, kind, envelope in history:
        by_source[source].append(Message(event_id, kind, orjson.dumps(envelope)))
    await asyncio.gather(
        *(stage.lab.broker.publish_all(topology.exchange(source), told) for source, told in by_source.items())
    )


async def _all_read(stage: Stage) -> bool:
    return not sum([await stage.lab.broker.messages(topology.inbox_queue(service)) for service in SERVICES])


SCENARIO = Scenario("F12", "history published three times", act)
