"""F10: broken messages among good ones: set aside with their bytes, and nobody else waits."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass

from ops.faults.client import GaveUp
from ops.faults.malformed import malformed
from ops.faults.quiet import quiet
from ops.faults.renaming import missed_renames, rename_learners
from ops.faults.shopping import eventually
from ops.faults.stage import Scenario, Stage

LISTENERS = ("notifications", "certificates")


@dataclass(frozen=True)
class Size:
    """Malformed messages, and good events meanwhile."""

    malformed: int
    good: int


SHORT, FULL = Size(38, 190), Size(200, 1000)
SET_ASIDE = """
    SELECT (SELECT count(*) FROM {schema}.inbox_rejected)
         + (SELECT count(*) FROM {schema}.inbox WHERE status = 'parked' AND type LIKE 'User%%') AS number
"""
P95 = """
    SELECT 1000 * percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM i.handled_at - o.created_at))
    FROM identity.outbox o JOIN notifications.inbox i ON i.source = 'identity' AND i.event_id = o.event_id::text
    WHERE o.id > %s
"""


async def act(stage: Stage) -> None:
    """Publishes both kinds at once with the administrator's rights: no service may publish for another."""
    lab, trial, size = stage.lab, stage.trial, FULL if stage.trial.full else SHORT
    last = await lab.books.number("SELECT max(id) FROM identity.outbox")
    before, deaths = await _set_aside(stage), lab.supervision.deaths.total()
    bad = [message for _, message in malformed(trial.rng, size.malformed)]
    trial.rng.shuffle(bad)
    publishing = lab.broker.publish_all("academy.identity", bad)
    await asyncio.gather(publishing, rename_learners(stage.school, size.good))
    trial.faults += len(bad)
    # A readable envelope with an unreadable event in it: kept where it can be replayed once the code knows it.
    trial.expected_parked = ("UnreadableEnvelope",)
    trial.advance(1)
    await quiet(lab, 30)
    # The count below tells when they never all are.
    with suppress(GaveUp):
        await eventually(lambda: _all_set_aside(stage, before + size.malformed * len(LISTENERS)), "them", 15)
    trial.equal(
        "malformed set aside, in two services", await _set_aside(stage) - before, size.malformed * len(LISTENERS)
    )
    trial.at_most("good events p95", round(float((await lab.books.rows(P95, [last]))[0][0] or 0)), 5000, " ms")
    trial.equal("processes that died", lab.supervision.deaths.total() - deaths, 0)
    trial.equal("learners known by an old name", await missed_renames(lab), 0)


async def _set_aside(stage: Stage) -> int:
    rows = await stage.lab.books.everywhere(SET_ASIDE)
    return sum(number for service, number in rows if service in LISTENERS)


async def _all_set_aside(stage: Stage, count: int) -> bool:
    return await _set_aside(stage) >= count


SCENARIO = Scenario("F10", "malformed messages", act)
