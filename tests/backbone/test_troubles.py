"""What is stuck is seen by an admin, with its reason, and handled again on request; who asked is recorded."""

import json

from uuid_utils.compat import uuid7

from shared import event_admin, inbox, outbox
from shared.envelope import wrap
from shared.sweeping import SWEEP
from shared.testing import wait_until
from tests.backbone.conftest import Backbone, published, scheduled

STATUS = "SELECT status FROM inbox WHERE event_id = :e"
URL = "/api/v1/admin/events/live"


def test_a_parked_event_is_listed_with_its_reason_and_replayed_with_one_effect(backbone: Backbone) -> None:
    course_id, admin = uuid7(), backbone.harness.caller("admin")
    backbone.recorder.failures[course_id] = [RuntimeError(f"broken {n}") for n in range(3)]
    with backbone.harness.running_worker():
        event_id = str(backbone.academy.publish(published(course_id)).id)

        def parked() -> list[str]:
            items = admin.get(URL, params={"state": "parked", "limit": 500}).json()["items"]
            return [item["reason"] for item in items if item["event_id"] == event_id]

        assert wait_until(parked) == ["RuntimeError: broken 2"]
        answer = admin.post(f"{URL}/replay", json={"event_id": event_id})
        assert (answer.status_code, answer.json()) == (200, {"replayed": 1})
        wait_until(lambda: backbone.effects(course_id) == 1, what="the effect of the replay")
        assert admin.post(f"{URL}/replay", json={"event_id": event_id}).json() == {"replayed": 0}
    record = "SELECT replayed FROM replays WHERE requested_by = :a AND selection->>'event_id' = :e ORDER BY id LIMIT 1"
    assert backbone.one(record, a=admin.user_id, e=event_id) == 1


def test_a_message_that_the_broker_gave_up_is_parked_beside_the_others(backbone: Backbone) -> None:
    course_id = uuid7()
    envelope = wrap(published(course_id))
    backbone.academy.give_up("live", envelope)
    with backbone.harness.running_worker():
        wait_until(lambda: backbone.one(STATUS, e=envelope.id) == "parked", what="parked")
        body = {"type": "CoursePublished", "since": envelope.time.isoformat()}
        assert backbone.harness.caller("admin").post(f"{URL}/replay", json=body).json()["replayed"] >= 1
        wait_until(lambda: backbone.effects(course_id) == 1, what="the effect of the replay")


def test_what_waits_for_more_than_a_minute_is_listed_whatever_the_reason(backbone: Backbone) -> None:
    admin, note_id, course_id = backbone.harness.caller("admin"), uuid7(), uuid7()
    waiting = wrap(published(course_id))
    with backbone.harness.database.begin() as session:
        outbox.add(session, scheduled(note_id))
        inbox.store_envelope(session, waiting)

    def listed() -> list[str]:
        items = admin.get(URL, params={"limit": 500}).json()["items"]
        return sorted(item["state"] for item in items if item["event_id"] in (str(waiting.id), unpublished))

    unpublished = str(backbone.one("SELECT event_id FROM outbox WHERE subject = :s", s=note_id))
    assert listed() == []
    backbone.one("UPDATE outbox SET created_at = now() - interval '61 s' WHERE subject = :s RETURNING 1", s=note_id)
    backbone.one("UPDATE inbox SET received_at = now() - interval '61 s' WHERE event_id = :e RETURNING 1", e=waiting.id)
    assert listed() == ["pending", "unpublished"]


def test_a_published_event_is_published_again_on_request(backbone: Backbone) -> None:
    note_id = uuid7()
    with backbone.harness.running_worker():
        with backbone.harness.database.begin() as session:
            outbox.add(session, scheduled(note_id))
        is_published = "SELECT event_id FROM outbox WHERE subject = :s AND published_at IS NOT NULL"
        event_id = str(wait_until(lambda: backbone.one(is_published, s=note_id), what="published"))
    aged = "UPDATE outbox SET published_at = now() - interval '2 minutes' WHERE subject = :s RETURNING published_at"
    since = backbone.one(aged, s=note_id)
    with backbone.harness.database.begin() as session:
        listed = json.loads(event_admin.encode(event_admin.list_published(session, since)))
        assert event_id in [item["event_id"] for item in listed]
        assert json.loads(event_admin.encode(event_admin.list_received(session, since))) is not None
        assert event_admin.republish(session, [event_id, str(uuid7()), "no id"]) == 1
    assert backbone.one(is_published, s=note_id) is None
    with backbone.harness.running_worker():
        wait_until(lambda: backbone.one(is_published, s=note_id), what="published again")


def test_old_handled_events_are_swept_and_unfinished_ones_stay(backbone: Backbone) -> None:
    old = "UPDATE inbox SET received_at = now() - interval '36 days', status = :s WHERE event_id = :e RETURNING 1"
    kept, swept = (wrap(published(uuid7())) for _ in range(2))
    note_id = uuid7()
    with backbone.harness.database.begin() as session:
        inbox.store_envelope(session, kept)
        inbox.store_envelope(session, swept)
        outbox.add(session, scheduled(note_id))
    backbone.one(old, s="parked", e=kept.id)
    backbone.one(old, s="done", e=swept.id)
    aged = "UPDATE outbox SET published_at = now() - interval '36 days' WHERE subject = :s RETURNING 1"
    backbone.one(aged, s=note_id)

    SWEEP.run_to_end(backbone.harness.database)

    assert backbone.one(STATUS, e=kept.id) == "parked"
    assert backbone.one(STATUS, e=swept.id) is None
    assert backbone.one("SELECT count(*) FROM outbox WHERE subject = :s", s=note_id) == 0


def test_only_admins_see_and_replay_and_a_replay_names_what_it_wants(backbone: Backbone) -> None:
    assert backbone.harness.client.get(URL).status_code == 401
    for role in ("student", "instructor", "support"):
        assert backbone.harness.caller(role).get(URL).status_code == 403
        assert backbone.harness.caller(role).post(f"{URL}/replay", json={"type": "X"}).status_code == 403
    for body in ({}, {"since": "yesterday"}, {"type": "x" * 201}, {"everything": True}):
        assert backbone.harness.caller("admin").post(f"{URL}/replay", json=body).status_code == 422
