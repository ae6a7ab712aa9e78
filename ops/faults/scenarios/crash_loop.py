"""F11: one event ends every process that handles it. It is parked, the others go through, and a fix brings it back."""

import asyncio

from ops.faults.renaming import rename_learners
from ops.faults.shopping import eventually
from ops.faults.stage import Scenario, Stage

SHORT_OTHERS, FULL_OTHERS = 60, 999
MOST_CRASHES = 5
POINT, PROCESS = "handler-AnnouncementPosted", "notifications-worker"
PARKED = "SELECT event_id FROM notifications.inbox WHERE type = 'AnnouncementPosted' AND status = 'parked'"
OTHERS = "SELECT count(*) FROM notifications.inbox WHERE status = 'pending' AND type <> 'AnnouncementPosted'"
EFFECTS = "SELECT count(*) FROM notifications.broadcasts WHERE fact = %s"
TOLD = "SELECT count(*) FROM notifications.messages WHERE dedupe_key LIKE %s"
ENROLLED = "SELECT count(*) FROM notifications.enrollments WHERE course_id = %s AND active"


async def act(stage: Stage) -> None:
    """Arms the handler, posts one announcement among other events, waits until it is parked, mends, replays."""
    lab, trial = stage.lab, stage.trial
    others = FULL_OTHERS if trial.full else SHORT_OTHERS
    trial.expect(4)
    await stage.shop.buy_many(1)
    course = stage.shop.purchases[0].course.id
    deaths = lab.failpoint_lines(PROCESS).get(POINT, 0)
    async with lab.told(PROCESS, FAILPOINTS=f"{POINT}:kill", EVENT_LEASE_SECONDS="1"):
        posting = _announce(stage, course)
        _, announcement = await asyncio.gather(rename_learners(stage.school, others), posting)
        await eventually(lambda: _is_parked(stage), "the event to be parked")
        await eventually(lambda: _others_done(stage), "the other events to be handled")
        trial.advance(1)
        struck = lab.failpoint_lines(PROCESS).get(POINT, 0) - deaths
        trial.faults += struck
        trial.at_most("crashes until it was parked", struck, MOST_CRASHES)
    await _replay(stage)
    trial.advance(1)
    await eventually(lambda: _has(stage, EFFECTS, announcement, 1), "the effect of the replay")
    enrolled = await lab.books.number(ENROLLED, [course])
    await eventually(lambda: _has(stage, TOLD, f"announcement:{announcement}:%", enrolled), "everybody to be told")
    trial.equal("effects after the replay", await lab.books.number(EFFECTS, [announcement]), 1)
    trial.advance(1)


async def _announce(stage: Stage, course: str) -> str:
    body = {"title": "Exam", "body": "On Monday."}
    path = f"/api/v1/courses/{course}/announcements"
    return str((await stage.school.instructor.done("POST", path, json=body))["id"])


async def _is_parked(stage: Stage) -> bool:
    return bool(await stage.lab.books.rows(PARKED))


async def _others_done(stage: Stage) -> bool:
    return await stage.lab.books.number(OTHERS) == 0


async def _has(stage: Stage, statement: str, what: str, count: int) -> bool:
    return await stage.lab.books.number(statement, [what]) >= count


async def _replay(stage: Stage) -> None:
    """As an administrator does it, at the service's own door."""
    event = (await stage.lab.books.rows(PARKED))[0][0]
    url = f"{stage.lab.state['services']['notifications']['api']}/api/v1/admin/events/notifications/replay"
    answer = await stage.school.admin.done("POST", url, json={"event_id": event})
    stage.lab.replays["notifications"] += 1
    stage.trial.equal("events replayed", answer["replayed"], 1)


SCENARIO = Scenario("F11", "crash loop parked, replayed", act)
