import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from services.live.models import Base
from services.live.sessions import NEWS
from shared.events import (
    CourseArchived,
    CoursePublished,
    EnrollmentGranted,
    EnrollmentRevoked,
    LiveSessionCancelled,
    LiveSessionChanged,
    LiveSessionScheduled,
)
from shared.testing import Harness
from shared.testing.harness import Caller
from shared.testing.limits import assert_refused, end_period, use_up
from shared.testing.schema import assert_models_match_migrations

URL = "/api/v1/live-sessions"


def course_facts(instructor_id: UUID, version: int = 1, **changes: Any) -> dict[str, Any]:
    facts = {
        "course_id": uuid7(),
        "version": version,
        "slug": "course",
        "title": "Statistics",
        "instructor_id": instructor_id,
        "price_amount": 4900,
        "price_currency": "USD",
    }
    return {**facts, **changes}


def published_course(live: Harness, instructor: Caller) -> UUID:
    facts = course_facts(instructor.user_id)
    live.deliver(CoursePublished(**facts))
    return UUID(str(facts["course_id"]))


def enrollment(user_id: UUID, course_id: UUID, version: int = 1, enrollment_id: UUID | None = None) -> dict[str, Any]:
    return {
        "enrollment_id": enrollment_id or uuid7(),
        "version": version,
        "user_id": user_id,
        "course_id": course_id,
        "course_title": "Statistics",
        "grant_id": uuid7(),
    }


def body(course_id: UUID, minutes_ahead: float = 5, **changes: Any) -> dict[str, Any]:
    starts_at = datetime.now(UTC) + timedelta(minutes=minutes_ahead)
    fields = {"course_id": str(course_id), "title": "Q & A", "starts_at": starts_at.isoformat(), "duration_minutes": 60}
    return {**fields, **changes}


def test_an_instructor_schedules_and_an_enrolled_learner_joins(live: Harness) -> None:
    teacher, learner = live.caller("instructor"), live.caller()
    course_id = published_course(live, teacher)
    live.deliver(EnrollmentGranted(**enrollment(learner.user_id, course_id)))

    created = teacher.post(URL, json=body(course_id))
    assert created.status_code == 201, created.text
    [event] = live.published(LiveSessionScheduled, created.json()["id"])
    assert event.course_title == "Statistics"

    listed = learner.get(URL).json()["items"]
    assert [item["id"] for item in listed] == [created.json()["id"]]
    joined = learner.post(f"{URL}/{created.json()['id']}/join")
    assert joined.status_code == 200
    assert joined.json()["join_url"].startswith("https://meet.jit.si/academy-")


def test_a_stranger_neither_sees_nor_joins(live: Harness) -> None:
    teacher, stranger = live.caller("instructor"), live.caller()
    live_id = teacher.post(URL, json=body(published_course(live, teacher))).json()["id"]

    assert stranger.get(URL).json()["items"] == []
    for answer in (stranger.get(f"{URL}/{live_id}"), stranger.post(f"{URL}/{live_id}/join")):
        assert answer.status_code == 404
        assert answer.json()["type"] == "urn:academy:problem:live-session-not-found"
    assert live.client.get(URL).status_code == 401


def test_a_learner_whose_enrollment_was_revoked_cannot_join_whatever_the_order_of_events(live: Harness) -> None:
    teacher, learner = live.caller("instructor"), live.caller()
    course_id = published_course(live, teacher)
    live_id = teacher.post(URL, json=body(course_id)).json()["id"]
    granted = EnrollmentGranted(**enrollment(learner.user_id, course_id))
    live.deliver(EnrollmentRevoked(**enrollment(learner.user_id, course_id, 2, granted.enrollment_id)))
    live.deliver(granted)

    assert learner.post(f"{URL}/{live_id}/join").status_code == 404


def test_doors_are_closed_long_before_the_start(live: Harness) -> None:
    teacher = live.caller("instructor")
    live_id = teacher.post(URL, json=body(published_course(live, teacher), minutes_ahead=120)).json()["id"]

    early = teacher.post(f"{URL}/{live_id}/join")
    assert early.status_code == 409
    assert early.json()["type"] == "urn:academy:problem:doors-closed"
    assert "opens_at" in early.json()


def test_a_live_session_that_was_changed_meanwhile_is_read_again_first(live: Harness) -> None:
    teacher = live.caller("instructor")
    made = teacher.post(URL, json=body(published_course(live, teacher)))
    url, read = f"{URL}/{made.json()['id']}", {"If-Match": made.headers["ETag"]}
    assert teacher.request("PATCH", url, json={"title": "Blind"}).status_code == 428
    assert teacher.patch(url, json={"title": "Office hour"}, headers=read).status_code == 200
    assert teacher.patch(url, json={"title": "Clinic"}, headers=read).status_code == 412
    assert teacher.get(url).json()["title"] == "Office hour"


def test_change_and_cancel_tell_the_others_once(live: Harness) -> None:
    teacher = live.caller("instructor")
    live_id = teacher.post(URL, json=body(published_course(live, teacher))).json()["id"]

    changed = teacher.patch(f"{URL}/{live_id}", json={"title": "Office hour"})
    assert (changed.status_code, changed.json()["title"]) == (200, "Office hour")
    assert teacher.patch(f"{URL}/{live_id}", json={"title": "Office hour"}).status_code == 200
    assert [event.title for event in live.published(LiveSessionChanged, live_id)] == ["Office hour"]

    assert teacher.post(f"{URL}/{live_id}/cancel").json()["status"] == "cancelled"
    assert teacher.post(f"{URL}/{live_id}/cancel").status_code == 409
    assert teacher.post(f"{URL}/{live_id}/join").status_code == 409
    assert len(live.published(LiveSessionCancelled, live_id)) == 1


def test_more_news_of_live_sessions_than_a_course_may_have_in_a_day_is_refused(live: Harness) -> None:
    teacher = live.caller("instructor")
    course_id = published_course(live, teacher)
    made = [teacher.post(URL, json=body(course_id)).json()["id"] for _ in range(2)]
    use_up(live, NEWS, course_id, left=5)
    with ThreadPoolExecutor(4) as pool:
        titles = [(made[number % 2], {"title": f"Clinic {number}"}) for number in range(4)]
        answers = list(pool.map(lambda one: teacher.patch(f"{URL}/{one[0]}", json=one[1]), titles))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 429]
    before = teacher.get(f"{URL}/{made[0]}").json()
    assert_refused(teacher.patch(f"{URL}/{made[0]}", json={"title": "One more"}), NEWS)
    assert_refused(live.caller("admin").post(URL, json=body(course_id)), NEWS)
    assert teacher.get(f"{URL}/{made[0]}").json() == before
    assert teacher.patch(f"{URL}/{made[0]}", json={"title": before["title"]}).status_code == 200, "nothing to tell"
    assert teacher.post(f"{URL}/{made[1]}/cancel").status_code == 200, "what is off must be said"
    assert teacher.post(URL, json=body(published_course(live, teacher))).status_code == 201
    end_period(live, NEWS, course_id)
    assert teacher.post(URL, json=body(course_id)).status_code == 201


def test_only_the_courses_own_instructor_or_an_admin_schedules(live: Harness) -> None:
    teacher, other, student, admin = (live.caller(role) for role in ("instructor", "instructor", "student", "admin"))
    course_id = published_course(live, teacher)

    assert other.post(URL, json=body(course_id)).status_code == 403
    assert student.post(URL, json=body(course_id)).status_code == 403
    assert admin.post(URL, json=body(course_id)).status_code == 201


def test_an_archived_course_takes_no_new_sessions(live: Harness) -> None:
    teacher = live.caller("instructor")
    facts = course_facts(teacher.user_id)
    live.deliver(CourseArchived(**{**facts, "version": 2}))
    live.deliver(CoursePublished(**facts))

    assert teacher.post(URL, json=body(facts["course_id"])).status_code == 422


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("course_id", "nothing"),
        ("course_id", "00000000-0000-0000-0000-000000000000"),
        ("title", ""),
        ("title", "x" * 201),
        ("title", "nul \x00"),
        ("title", "two\nlines"),
        ("title", "\ud800"),
        ("starts_at", "2020-01-01T00:00:00Z"),
        ("starts_at", "2030-01-01T00:00:00"),
        ("starts_at", "9999-12-31T23:59:59Z"),
        ("duration_minutes", 4),
        ("duration_minutes", 10**30),
        ("unknown", 1),
    ],
)
def test_bad_input_names_the_field(live: Harness, field: str, value: Any) -> None:
    teacher = live.caller("instructor")
    course_id = published_course(live, teacher)

    # Written by json.dumps, because httpx refuses to send the lone surrogate that an attacker would.
    answer = teacher.post(URL, content=json.dumps({**body(course_id), field: value}))
    assert answer.status_code == 422, answer.text
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert answer.headers["content-type"] == "application/problem+json"


def test_pages_follow_each_other_without_gaps(live: Harness) -> None:
    teacher = live.caller("instructor")
    course_id = published_course(live, teacher)
    created = {teacher.post(URL, json=body(course_id, minutes_ahead=n + 1)).json()["id"] for n in range(5)}

    seen: list[str] = []
    cursor = ""
    while True:
        page = teacher.get(f"{URL}?limit=2{cursor}").json()
        seen += [item["id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert len(seen) == 5
    assert set(seen) == created
    assert teacher.get(f"{URL}?cursor=forged").status_code == 422


def test_models_match_migrations(live: Harness) -> None:
    assert_models_match_migrations(live, Base.metadata)
