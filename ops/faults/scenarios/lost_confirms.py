"""F8: the broker takes the messages, but its confirms never come back: all go out again, none counts twice."""

import signal
from dataclasses import dataclass

from ops.faults.proxy import Mode
from ops.faults.quiet import quiet
from ops.faults.renaming import missed_renames, rename_learners
from ops.faults.shopping import eventually
from ops.faults.stage import Scenario, Stage


@dataclass(frozen=True)
class Size:
    """How often confirms are lost, and of how many publishes each time."""

    times: int
    publishes: int


SHORT, FULL = Size(2, 50), Size(10, 100)
# Delivered although the relay does not know: it waits for a confirm.
DELIVERED_UNCONFIRMED = """
    SELECT count(*) FROM identity.outbox o WHERE o.published_at IS NULL AND o.type = 'UserUpdated'
    AND EXISTS (SELECT 1 FROM notifications.inbox i WHERE i.source = 'identity' AND i.event_id = o.event_id::text)
"""


async def act(stage: Stage) -> None:
    """Lets events pile up, swallows the confirms of the whole pile, heals, and looks for missing or double effects."""
    lab, trial, size = stage.lab, stage.trial, FULL if stage.trial.full else SHORT
    trial.expect(size.times)
    async with lab.between("identity-worker", "rabbitmq") as proxy:
        for _ in range(size.times):
            # The relay's connection must be open before: a swallowed greeting would be another fault.
            await rename_learners(stage.school, 1)
            await quiet(lab)
            async with lab.frozen("identity-worker"):
                await rename_learners(stage.school, size.publishes)
                proxy.become(Mode.DROP_REPLIES)
                await lab.kill("identity-worker", signal.SIGCONT)
                await eventually(lambda: _delivered(stage, size.publishes), "the unconfirmed events to arrive", 15)
            trial.faults += size.publishes
            proxy.become(Mode.PASS)
            await quiet(lab)
            trial.advance(1)
    trial.check("confirms swallowed", proxy.swallowed_bytes > 0, f"{proxy.swallowed_bytes} bytes", "some")
    trial.equal("learners known by an old name", await missed_renames(lab), 0)


async def _delivered(stage: Stage, count: int) -> bool:
    return await stage.lab.books.number(DELIVERED_UNCONFIRMED) >= count


SCENARIO = Scenario("F8", "confirms lost", act)
