"""F1: random processes die by kill -9 while people buy."""

import asyncio
from dataclasses import dataclass

from ops.failure import OpsError
from ops.faults.places import VICTIMS
from ops.faults.shopping import eventually
from ops.faults.stage import Scenario, Stage

STUDENTS_ONE_IN = 15


@dataclass(frozen=True)
class Size:
    """Checkouts, about ten a second, and kills among them."""

    checkouts: int
    kills: int


SHORT, FULL = Size(300, 8), Size(5000, 50)
PER_SECOND = 10.0
AT_A_TIME = 40


async def act(stage: Stage) -> None:
    """Buys on and on; whoever dies is started again by the supervision, nobody by us."""
    size = FULL if stage.trial.full else SHORT
    stage.trial.expect(size.checkouts)
    # The last tenth is left in peace, so that every kill happens under load.
    moments = sorted(stage.trial.rng.sample(range(size.checkouts * 9 // 10), size.kills))
    victims = [stage.trial.rng.choice(VICTIMS) for _ in moments]
    buying = asyncio.create_task(stage.shop.buy_many(size.checkouts, AT_A_TIME, PER_SECOND))
    studying = asyncio.create_task(_study(stage, buying))
    for moment, victim in zip(moments, victims, strict=True):
        while stage.trial.checkouts < moment and not buying.done():
            await asyncio.sleep(0.02)
        await _kill(stage, victim)
    await buying
    await studying
    stage.trial.equal("checkouts that gave up", stage.shop.given_up, [])


async def _kill(stage: Stage, victim: str) -> None:
    async def killed() -> bool:
        try:
            await stage.lab.kill(victim)
        except OpsError:
            # Dead already by an earlier kill: it dies again once it is back.
            return False
        return True

    await eventually(killed, f"{victim} to be there to be killed", pause=0.1)
    stage.trial.faults += 1


async def _study(stage: Stage, buying: "asyncio.Task[None]") -> None:
    """Now and then a buyer completes the course, so that certificates are in the game too."""
    taken, studies = 0, []
    while not buying.done() or taken + STUDENTS_ONE_IN <= len(stage.shop.purchases):
        if taken + STUDENTS_ONE_IN <= len(stage.shop.purchases):
            studies.append(asyncio.create_task(stage.shop.study(stage.shop.purchases[taken])))
            taken += STUDENTS_ONE_IN
        else:
            await asyncio.sleep(0.1)
    await asyncio.gather(*studies)


SCENARIO = Scenario("F1", "kill -9 at random under load", act, seeds=3)
