"""F2: a process dies exactly at a border where something is done and something else is not yet."""

import asyncio
from collections import Counter
from contextlib import suppress
from functools import partial

from ops.failure import OpsError
from ops.faults.client import GaveUp
from ops.faults.learners import Learner
from ops.faults.migration import die_while_migrating
from ops.faults.shopping import eventually
from ops.faults.stage import Scenario, Stage
from ops.places import ROOT

SHORT_KILLS, FULL_KILLS = 1, 50
SHORT_SECONDS, FULL_SECONDS = 90.0, 3600.0
# By process, one border after the other: who died of one cannot come to the next in the same life.
BORDERS: dict[str, tuple[str, ...]] = {
    "billing-api": ("webhook-before-commit", "webhook-after-commit", "checkout-before-store"),
    "billing-worker": ("intake-after-prepare", "outbox-before-insert", "outbox-after-insert"),
    "catalog-worker": ("consumer-before-ack", "handler-PaymentSucceeded", "relay-before-mark"),
    "catalog-api": ("upload-before-row",),
    "certificates-api": ("certificate-before-row",),
    "notifications-worker": ("mail-after-data",),
    "identity-api": ("refresh-before-reply",),
}
# That a message which kills is parked is F11's business; here the same mail or event may be the victim many times.
STUBBORN = {"EVENT_CRASHES": "100000", "MAIL_ATTEMPTS": "100000"}
HANDOUT = ROOT / "ops" / "demo_course" / "cheat_sheet.pdf"


async def act(stage: Stage) -> None:
    """Each border so many times, with the load that reaches it; then a migration."""
    kills = FULL_KILLS if stage.trial.full else SHORT_KILLS
    arming = Arming(stage, kills)
    # About: the bar moves with the checkouts that lead to the borders.
    stage.trial.expect(kills * arming.borders * 3)
    await arming.begin()
    # What was not reached in time shows in the counts.
    with suppress(TimeoutError):
        async with asyncio.timeout(FULL_SECONDS if stage.trial.full else SHORT_SECONDS):
            await _work_until(stage, arming)
    await arming.end()
    for border, struck in arming.struck.items():
        stage.trial.check(f"deaths at {border}", struck >= kills, struck, f"at least {kills}")
    migrated = await asyncio.gather(*(die_while_migrating(stage.lab, number) for number in range(min(kills, 3))))
    stage.trial.faults += len(migrated)
    stage.trial.check("deaths before a migration's commit, then migrated", all(migrated), len(migrated), "nothing left")


class Arming:
    """Arms each process with one of its borders; a process that has died there often enough gets the next one."""

    def __init__(self, stage: Stage, kills: int) -> None:
        self._stage = stage
        self._kills = kills
        self._left = {process: list(borders) for process, borders in BORDERS.items()}
        self._before = {process: dict(stage.lab.overrides.get(process, {})) for process in BORDERS}
        self._known = {process: stage.lab.failpoint_lines(process) for process in BORDERS}
        self.struck: Counter[str] = Counter({border: 0 for borders in BORDERS.values() for border in borders})

    @property
    def borders(self) -> int:
        """How many there are."""
        return len(self.struck)

    @property
    def done(self) -> bool:
        """Every border was struck often enough."""
        return not any(self._left.values())

    async def begin(self) -> None:
        """Kills each process once, so that it comes back armed."""
        for process in BORDERS:
            self._arm(process)
        await asyncio.gather(*(eventually(partial(self._killed, name), f"{name} to be armed") for name in BORDERS))
        self._stage.lab.supervision.on_death = self._count

    async def end(self) -> None:
        """Everybody runs as before."""
        supervision = self._stage.lab.supervision
        supervision.on_death = lambda name: None
        unfinished = [process for process, left in self._left.items() if left]
        self._stage.lab.overrides.update(self._before)
        await asyncio.gather(*map(self._killed, unfinished))
        await supervision.all_ready()

    async def _killed(self, process: str) -> bool:
        with suppress(OpsError):
            await self._stage.lab.kill(process)
            return True
        return False

    def _arm(self, process: str) -> None:
        left = self._left[process]
        # At the first, second or third time: the first one after a start is not like the others.
        order = f"{left[0]}:kill:{self._stage.trial.rng.randint(1, 3)}" if left else ""
        told = STUBBORN | {"FAILPOINTS": order} if left else {}
        self._stage.lab.overrides[process] = self._before[process] | told

    def _count(self, process: str) -> None:
        """Hears of each death before the process is started again; the log tells whether it was the border."""
        if not self._left.get(process):
            return
        border = self._left[process][0]
        lines = self._stage.lab.failpoint_lines(process).get(border, 0) - self._known[process].get(border, 0)
        if lines > self.struck[border]:
            self.struck[border] += 1
            self._stage.trial.faults += 1
        if self.struck[border] >= self._kills:
            self._left[process].pop(0)
        self._arm(process)


async def _work_until(stage: Stage, arming: Arming) -> None:
    """Everything that comes by a border: checkouts, studies with their certificates, refreshes, uploads."""
    studies: list[asyncio.Task[None]] = []
    while not arming.done:
        await stage.shop.buy_many(3, at_a_time=3)
        if stage.shop.given_up:
            raise GaveUp(stage.shop.given_up[0])
        studies.append(asyncio.create_task(stage.shop.study(stage.shop.purchases[-1])))
        await asyncio.gather(_refresh(stage.school.learners), _upload(stage))
    await asyncio.gather(*studies)


async def _refresh(learners: list[Learner]) -> None:
    await asyncio.gather(*(learner.renew() for learner in learners[:3]))


async def _upload(stage: Stage) -> None:
    teacher, course = stage.school.instructor, stage.school.courses[0]
    file = {"file": (HANDOUT.name, HANDOUT.read_bytes(), "application/pdf")}
    place = {"course_id": course.id, "lesson_id": course.lesson_id}
    await teacher.done("POST", "/api/v1/files", files=file, data=place)


SCENARIO = Scenario("F2", "death at every border", act)
