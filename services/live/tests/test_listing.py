"""The list of live sessions, in the order in which people want to see it, page by page."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from services.live.tests.test_live_sessions import URL, body, published_course
from shared.testing import Harness
from shared.testing.harness import Caller

HOURS = (-72, -48, -24, -0.5, 1, 24, 48)
IN_ORDER = [-0.5, 1, 24, 48, -24, -48, -72]


@pytest.fixture
def teacher(live: Harness) -> Caller:
    return live.caller("instructor")


@pytest.fixture
def course_id(live: Harness, teacher: Caller) -> UUID:
    return published_course(live, teacher)


def scheduled(live: Harness, teacher: Caller, course_id: UUID, hours_ahead: float) -> str:
    """A session of an hour, titled by its start."""
    made = teacher.post(URL, json=body(course_id, title=str(hours_ahead)))
    moved = "UPDATE live_sessions SET starts_at = now() + make_interval(secs => :seconds) WHERE id = :id"
    with live.database.begin() as session:
        session.execute(text(moved), {"seconds": hours_ahead * 3600, "id": UUID(made.json()["id"])})
    return str(made.json()["id"])


def listed(caller: Caller, **query: Any) -> list[float]:
    """The titles, from all pages of three."""
    found: list[float] = []
    while True:
        page = caller.get(URL, params={"limit": 3, **query}).json()
        found += [float(item["title"]) for item in page["items"]]
        if page["next_cursor"] is None:
            return found
        query["cursor"] = page["next_cursor"]


def test_sessions_to_come_stand_before_past_ones(live: Harness, teacher: Caller, course_id: UUID) -> None:
    for hours in HOURS:
        scheduled(live, teacher, course_id, hours)
    assert listed(teacher) == IN_ORDER


def test_the_list_is_filtered_by_time_course_and_status(live: Harness, teacher: Caller, course_id: UUID) -> None:
    for hours in (-24, 1, 24):
        scheduled(live, teacher, course_id, hours)
    cancelled = scheduled(live, teacher, course_id, 48)
    teacher.post(f"{URL}/{cancelled}/cancel")
    scheduled(live, teacher, published_course(live, teacher), 2)
    soon = datetime.now(UTC) + timedelta(hours=12)
    assert listed(teacher, course_id=str(course_id)) == [1, 24, 48, -24]
    assert listed(teacher, course_id=str(course_id), status="scheduled") == [1, 24, -24]
    assert listed(teacher, starts_after=soon.isoformat()) == [24, 48]
    assert listed(teacher, starts_before=soon.isoformat()) == [1, 2, -24]
    assert teacher.get(URL, params={"status": "over"}).status_code == 422


def test_a_session_that_has_begun_can_be_changed_and_its_start_sent_again(
    live: Harness, teacher: Caller, course_id: UUID
) -> None:
    running = f"{URL}/{scheduled(live, teacher, course_id, -0.5)}"
    read = teacher.get(running).json()
    fields = {name: read[name] for name in ("title", "description", "starts_at", "duration_minutes")}
    changed = teacher.patch(running, json={**fields, "title": "Room B"})
    assert (changed.status_code, changed.json()["title"]) == (200, "Room B")
    past = datetime.now(UTC) - timedelta(minutes=1)
    refused = teacher.patch(running, json={"starts_at": past.isoformat()})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "starts_at")
