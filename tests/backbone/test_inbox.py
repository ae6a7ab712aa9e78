"""Whatever arrives, however often, takes effect once or is parked where a person sees it."""

import pika
import pytest
from sqlalchemy import text
from uuid_utils.compat import uuid7

from shared import inbox, outbox, topology
from shared.database import Database
from shared.envelope import Envelope, wrap
from shared.inbox import Handlers, Intake, Payload, Unprocessable, Waiting
from shared.retries import Retrier, RetryPolicy
from shared.testing import wait_until
from tests.backbone.conftest import Backbone, published

PUBLISHED = "SELECT count(*) FROM outbox WHERE subject = :s AND published_at IS NOT NULL"
STATUS = "SELECT status FROM inbox WHERE event_id = :e"


def test_a_duplicate_delivery_has_one_effect(backbone: Backbone) -> None:
    course_id = uuid7()
    envelope = wrap(published(course_id))
    body = envelope.model_dump_json(exclude_none=True).encode()
    with backbone.harness.running_worker():
        for _ in range(3):
            backbone.academy.publish_bytes("catalog", "CoursePublished", body)
        last = uuid7()
        backbone.academy.publish(published(last))
        wait_until(lambda: backbone.effects(last) == 1, what="the event behind the duplicates")
    assert backbone.effects(course_id) == 1


def test_an_event_twice_in_one_batch_has_one_effect(backbone: Backbone) -> None:
    course_id = uuid7()
    envelope = wrap(published(course_id))
    with backbone.harness.database.begin() as session:
        inbox.handle_once(session, [envelope, envelope], backbone.harness.worker.handlers)
    assert backbone.effects(course_id) == 1


def test_a_redelivered_message_counts_as_a_crash_whatever_comes_with_it(backbone: Backbone) -> None:
    redelivered = backbone.academy.publish(published(uuid7()))
    with pika.BlockingConnection(backbone.academy.broker_parameters("live")) as connection:
        # Not acknowledged: the broker delivers it again when the connection ends.
        wait_until(lambda: connection.channel().basic_get(topology.inbox_queue("live"))[0], what="its first delivery")
    fresh = backbone.academy.publish(published(course_id := uuid7()))
    with backbone.harness.running_worker():
        wait_until(lambda: backbone.one(STATUS, e=redelivered.id) == "done")
        wait_until(lambda: backbone.effects(course_id) == 1)
    crashes = "SELECT crashes FROM inbox WHERE event_id = :e"
    assert [backbone.one(crashes, e=envelope.id) for envelope in (redelivered, fresh)] == [1, 0]


def test_an_event_published_again_after_a_crash_before_it_was_marked_has_one_effect(backbone: Backbone) -> None:
    course_id = uuid7()
    with backbone.harness.database.begin() as session:
        outbox.add(session, published(course_id))
    envelope = Envelope.model_validate(backbone.one("SELECT envelope FROM outbox WHERE subject = :s", s=course_id))
    # The relay published and died before it could mark the row: the message is out, the row says it is not.
    backbone.academy.publish_bytes("catalog", envelope.type, envelope.model_dump_json(exclude_none=True).encode())
    with backbone.harness.running_worker("consumer", "inbox"), backbone.relay_of("catalog"):
        wait_until(lambda: backbone.one(PUBLISHED, s=course_id) == 1, what="the relay's second publish")
        last = uuid7()
        backbone.academy.publish(published(last))
        wait_until(lambda: backbone.effects(last) == 1)
    assert backbone.effects(course_id) == 1


def test_a_handler_that_fails_leaves_no_trace_and_is_retried(backbone: Backbone) -> None:
    course_id = uuid7()
    backbone.recorder.failures[course_id] = [RuntimeError("first"), RuntimeError("second")]
    with backbone.harness.running_worker():
        envelope = backbone.academy.publish(published(course_id))
        wait_until(lambda: backbone.one(STATUS, e=str(envelope.id)) == "done", what="third attempt succeeds")
    assert backbone.effects(course_id) == 1
    assert backbone.one("SELECT attempts FROM inbox WHERE event_id = :e", e=str(envelope.id)) == 3


def test_an_event_whose_attempts_are_spent_is_parked_with_its_reason_and_body(backbone: Backbone) -> None:
    course_id = uuid7()
    backbone.recorder.failures[course_id] = [RuntimeError(f"failure {n}") for n in range(9)]
    with backbone.harness.running_worker():
        envelope = backbone.academy.publish(published(course_id))
        wait_until(lambda: backbone.one(STATUS, e=str(envelope.id)) == "parked")
    assert backbone.effects(course_id) == 0
    assert "failure 2" in backbone.one("SELECT last_error FROM inbox WHERE event_id = :e", e=str(envelope.id))
    assert backbone.one("SELECT payload->>'id' FROM inbox WHERE event_id = :e", e=str(envelope.id)) == str(envelope.id)


def test_an_event_that_no_retry_would_help_is_parked_at_once(backbone: Backbone) -> None:
    course_id = uuid7()
    backbone.recorder.failures[course_id] = [Unprocessable("amounts differ")]
    with backbone.harness.running_worker():
        envelope = backbone.academy.publish(published(course_id))
        wait_until(lambda: backbone.one(STATUS, e=str(envelope.id)) == "parked")
    assert backbone.one("SELECT attempts FROM inbox WHERE event_id = :e", e=str(envelope.id)) == 1


def test_an_event_that_waits_for_another_is_not_charged_an_attempt(backbone: Backbone) -> None:
    course_id = uuid7()
    backbone.recorder.failures[course_id] = [Waiting("not yet") for _ in range(6)]
    with backbone.harness.running_worker():
        envelope = backbone.academy.publish(published(course_id))
        wait_until(lambda: backbone.one(STATUS, e=str(envelope.id)) == "done")
    assert backbone.effects(course_id) == 1
    assert backbone.one("SELECT attempts FROM inbox WHERE event_id = :e", e=str(envelope.id)) == 1


def test_an_event_that_has_waited_for_a_day_is_charged_and_parked(backbone: Backbone) -> None:
    envelope = wrap(published(course_id := uuid7()))
    backbone.recorder.failures[course_id] = [Waiting("not yet") for _ in range(9)]
    with backbone.harness.database.begin() as session:
        inbox.store_envelope(session, envelope)
        waited = "UPDATE inbox SET received_at = now() - interval '25 hours' WHERE event_id = :e"
        session.execute(text(waited), {"e": str(envelope.id)})
    with backbone.harness.running_worker("inbox"):
        wait_until(lambda: backbone.one(STATUS, e=envelope.id) == "parked")
    assert backbone.one("SELECT attempts FROM inbox WHERE event_id = :e", e=envelope.id) == 3


def test_of_two_workers_that_claimed_an_event_only_the_later_one_handles_it(backbone: Backbone) -> None:
    effects: list[str] = []
    claims: list[bool] = []

    def prepare(database: Database, payload: Payload) -> str:
        claims.append(True)
        if len(claims) > 1:
            return "later"
        # As if the first worker had stood still here until its lease ran out.
        with database.begin() as session:
            session.execute(text("UPDATE inbox SET next_attempt_at = now() WHERE source = 'vendor'"))
        assert retrier.step()
        return "first"

    handlers = Handlers(intakes={"vendor": Intake(prepare, lambda _session, worker: effects.append(worker))})
    settings = backbone.harness.worker.settings
    retrier = Retrier(backbone.harness.database, handlers, RetryPolicy.of(settings))
    with backbone.harness.database.begin() as session:
        inbox.store(session, "vendor", str(uuid7()), "told", {})
    wait_until(retrier.step)
    assert (len(claims), effects) == (2, ["later"])


def test_an_event_is_looked_at_the_more_seldom_the_longer_it_waits_for_another(backbone: Backbone) -> None:
    course_id = uuid7()
    envelope = wrap(published(course_id))
    backbone.recorder.failures[course_id] = [Waiting("not yet")]
    with backbone.harness.database.begin() as session:
        inbox.store_envelope(session, envelope)
        session.execute(text("UPDATE inbox SET received_at = now() - interval '8 minutes'"))
    wait_until(backbone.retrier().step)
    wait = "SELECT extract(epoch FROM next_attempt_at - now()) FROM inbox WHERE event_id = :e"
    assert 50 < backbone.one(wait, e=str(envelope.id)) < 70


def test_an_event_whose_handler_keeps_killing_the_process_is_parked(backbone: Backbone) -> None:
    course_id = uuid7()
    envelope = wrap(published(course_id))
    backbone.recorder.failures[course_id] = [SystemExit(9) for _ in range(9)]
    with backbone.harness.database.begin() as session:
        inbox.store_envelope(session, envelope, crashes=1)
    retrier = backbone.retrier()
    for _ in range(4):
        # SystemExit leaves the step as a kill would: nothing is recorded, the lease runs out.
        with pytest.raises(SystemExit):
            wait_until(lambda: retrier.step() and False)
    wait_until(lambda: retrier.step() or backbone.one(STATUS, e=str(envelope.id)) == "parked")
    assert backbone.one(STATUS, e=str(envelope.id)) == "parked"
    assert "ended the process" in backbone.one("SELECT last_error FROM inbox WHERE event_id = :e", e=str(envelope.id))


def test_what_is_not_an_event_is_kept_as_rejected_and_does_not_stop_the_rest(backbone: Backbone) -> None:
    bodies = [
        b"",
        b"\xff\xfe",
        b"[]",
        b"{" * 10_000,
        b'{"specversion":"1.0"}',
        b"x" * 300_000,
        wrap(published(uuid7())).model_copy(update={"type": "Unheard"}).model_dump_json().encode(),
    ]
    good = uuid7()
    rejected_before = backbone.one("SELECT count(*) FROM inbox_rejected")
    with backbone.harness.running_worker():
        for body in bodies:
            backbone.academy.publish_bytes("catalog", "CoursePublished", body)
        backbone.academy.publish(published(good))
        wait_until(lambda: backbone.effects(good) == 1, what="the good event behind the bad ones")
    unheard = backbone.one("SELECT count(*) FROM inbox WHERE status = 'parked' AND type = 'Unheard'")
    assert backbone.one("SELECT count(*) FROM inbox_rejected") - rejected_before + unheard == len(bodies)
