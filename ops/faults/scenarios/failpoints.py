"""F2: a process dies exactly at a border where something is done and something else is not yet."""

import asyncio
from collections import Counter
from collections.abc import Mapping

from ops.failure import OpsError
from ops.faults.client import GaveUp
from ops.faults.learners import Learner
from ops.faults.migration import die_while_migrating
from ops.faults.stage import Scenario, Stage
from ops.places import ROOT

SHORT_KILLS, FULL_KILLS = 1, 50
WAVE_SECONDS = 900.0
# One border a process and wave: the process that died of one could not come to the next.
WAVES: tuple[Mapping[str, str], ...] = (
    {
        "billing-api": "webhook-before-commit",
        "billing-worker": "intake-after-prepare",
        "catalog-worker": "consumer-before-ack",
        "catalog-api": "upload-before-row",
        "certificates-api": "certificate-before-row",
        "notifications-worker": "mail-after-data",
        "identity-api": "refresh-before-reply",
    },
    {
        "billing-api": "webhook-after-commit",
        "billing-worker": "outbox-before-insert",
        "catalog-worker": "handler-PaymentSucceeded",
    },
    {
        "billing-api": "checkout-before-store",
        "billing-worker": "outbox-after-insert",
        "catalog-worker": "relay-before-mark",
    },
)
# That a message which kills is parked is F11's business; here the same mail or event may be the victim many times.
HANDOUT = ROOT / "ops" / "demo_course" / "cheat_sheet.pdf"
STUBBORN = {"EVENT_CRASHES": "100000", "MAIL_ATTEMPTS": "100000"}


async def act(stage: Stage) -> None:
    """Each border so many times, with the load that reaches it."""
    kills = FULL_KILLS if stage.trial.full else SHORT_KILLS
    stage.trial.expect(kills * (sum(map(len, WAVES)) + 1))
    for wave in WAVES:
        for point, struck in (await _strike(stage, wave, kills)).items():
            stage.trial.check(f"kills at {point}", struck >= kills, struck, f"at least {kills}")
    migrated = await asyncio.gather(*(die_while_migrating(stage.lab, number) for number in range(min(kills, 3))))
    stage.trial.faults += len(migrated)
    stage.trial.check("migration killed before its commit, then run again", all(migrated), migrated, "all clean")


async def _strike(stage: Stage, wave: Mapping[str, str], kills: int) -> Counter[str]:
    """Arms the processes of a wave and loads the platform until each has died so often. Kills by failpoint."""
    lab, struck = stage.lab, Counter[str]()
    before = {process: dict(lab.overrides.get(process, {})) for process in wave}

    def count(process: str) -> None:
        point = wave.get(process)
        if point and lab.failpoint_lines(process).get(point, 0) > known[process] + struck[point]:
            struck[point] += 1
            stage.trial.faults += 1
            stage.trial.advance(1)
            if struck[point] >= kills:
                # Heard before it is started again: it comes back unarmed.
                lab.overrides[process] = before[process]

    known = {process: lab.failpoint_lines(process).get(point, 0) for process, point in wave.items()}
    lab.supervision.on_death = count
    for process, point in wave.items():
        order = f"{point}:kill:{stage.trial.rng.randint(1, 3)}"
        lab.overrides[process] = before[process] | STUBBORN | {"FAILPOINTS": order}
        await _rearm(stage, process)
    try:
        async with asyncio.timeout(WAVE_SECONDS if stage.trial.full else WAVE_SECONDS / 10):
            while any(struck[point] < kills for point in wave.values()):
                await _load(stage)
    except TimeoutError:
        # What was not reached shows in the counts.
        lab.overrides.update(before)
    await lab.supervision.all_ready()
    lab.supervision.on_death = lambda name: None
    return struck


async def _rearm(stage: Stage, process: str) -> None:
    try:
        await stage.lab.kill(process)
    except OpsError:
        # It is being started at this moment, by what it was told before.
        await asyncio.sleep(1)
        await _rearm(stage, process)


async def _load(stage: Stage) -> None:
    """Everything that comes by a border: checkouts, a study with its certificate, a refresh, an upload."""
    await stage.shop.buy_many(4, at_a_time=4)
    if stage.shop.given_up:
        raise GaveUp(stage.shop.given_up[0])
    purchase = stage.shop.purchases[-1]
    await asyncio.gather(stage.shop.study(purchase), _refresh(stage.school.learners), _upload(stage))


async def _refresh(learners: list[Learner]) -> None:
    await asyncio.gather(*(learner.renew() for learner in learners[:3]))


async def _upload(stage: Stage) -> None:
    teacher, course = stage.school.instructor, stage.school.courses[0]
    file = {"file": (HANDOUT.name, HANDOUT.read_bytes(), "application/pdf")}
    place = {"course_id": course.id, "lesson_id": course.lesson_id}
    await teacher.done("POST", "/api/v1/files", files=file, data=place)


SCENARIO = Scenario("F2", "death at every border", act)
