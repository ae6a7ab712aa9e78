"""Learners are reminded of a live session before it starts, each once per start."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from services.live.reminders import remind_learners
from services.live.tests.test_live_sessions import URL, body, enrollment, published_course
from shared.events import EnrollmentGranted, EnrollmentRevoked, LiveSessionReminderDue
from shared.testing import Harness
from shared.testing.harness import Caller
from shared.testing.waiting import wait_until

LEAD = timedelta(hours=1)


def _session(live: Harness, teacher: Caller, course_id: UUID, minutes_ahead: float) -> str:
    answer = teacher.post(URL, json=body(course_id, minutes_ahead))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def _learners(live: Harness, course_id: UUID, count: int) -> list[UUID]:
    learners = [live.caller().user_id for _ in range(count)]
    for user_id in learners:
        live.deliver(EnrollmentGranted(**enrollment(user_id, course_id)))
    return learners


def _reminded(live: Harness, live_session_id: str) -> list[UUID]:
    return [event.user_id for event in live.published(LiveSessionReminderDue, live_session_id)]


def test_the_worker_reminds_every_learner_once_of_a_session_that_starts_soon(live: Harness) -> None:
    teacher = live.caller("instructor")
    course_id = published_course(live, teacher)
    learners = _learners(live, course_id, 3)
    soon = _session(live, teacher, course_id, 30)
    with live.running_worker("jobs"):
        wait_until(lambda: _reminded(live, soon))
    remind_learners(live.database, LEAD)
    assert sorted(_reminded(live, soon)) == sorted(learners)


def test_nobody_is_reminded_of_what_is_far_off_or_cancelled_or_of_a_course_that_was_left(live: Harness) -> None:
    teacher = live.caller("instructor")
    course_id = published_course(live, teacher)
    (learner,) = _learners(live, course_id, 1)
    far, cancelled = _session(live, teacher, course_id, 90), _session(live, teacher, course_id, 30)
    assert teacher.post(f"{URL}/{cancelled}/cancel").status_code == 200
    left = published_course(live, teacher)
    facts = enrollment(learner, left)
    live.deliver(EnrollmentGranted(**facts))
    live.deliver(EnrollmentRevoked(**{**facts, "version": 2, "reason": "refund"}))
    of_left = _session(live, teacher, left, 30)
    remind_learners(live.database, LEAD)
    assert [_reminded(live, one) for one in (far, cancelled, of_left)] == [[], [], []]


def test_a_session_that_moved_is_reminded_of_again(live: Harness) -> None:
    teacher = live.caller("instructor")
    course_id = published_course(live, teacher)
    (learner,) = _learners(live, course_id, 1)
    moving = _session(live, teacher, course_id, 20)
    remind_learners(live.database, LEAD)
    later = (datetime.now(UTC) + timedelta(minutes=50)).isoformat()
    answer = teacher.patch(f"{URL}/{moving}", json={"starts_at": later}, headers={"If-Match": "*"})
    assert answer.status_code == 200, answer.text
    remind_learners(live.database, LEAD)
    assert _reminded(live, moving) == [learner, learner]
