"""When a live session can be joined: from 15 minutes before its start until 30 minutes after its end."""

from uuid import UUID

import pytest
from sqlalchemy import text

from services.live.tests.test_live_sessions import URL, body, published_course
from shared.testing import Harness


@pytest.mark.parametrize(
    ("started_minutes_ago", "status"),
    [(-20, 409), (-10, 200), (0, 200), (45, 200), (80, 200), (100, 409)],
)
def test_a_session_of_an_hour_is_joined_around_its_time_only(
    live: Harness, started_minutes_ago: int, status: int
) -> None:
    teacher = live.caller("instructor")
    live_id = teacher.post(URL, json=body(published_course(live, teacher))).json()["id"]
    moved = "UPDATE live_sessions SET starts_at = now() - make_interval(mins => :minutes) WHERE id = :id"
    with live.database.begin() as session:
        session.execute(text(moved), {"minutes": started_minutes_ago, "id": UUID(live_id)})
    joined = teacher.post(f"{URL}/{live_id}/join")
    assert joined.status_code == status
    if status == 409:
        assert joined.json()["type"] == "urn:academy:problem:doors-closed"
