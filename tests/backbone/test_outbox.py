"""State and event are one transaction, and what was committed is published once and for all."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from uuid_utils.compat import uuid7

from shared import outbox, topology
from shared.database import Database
from shared.events import EVENTS, LiveSessionScheduled
from shared.testing import wait_until
from shared.testing.harness import running
from tests.backbone.conftest import Backbone, scheduled

LAST_ERROR = "SELECT last_error FROM outbox WHERE subject = :s"
LATER = "UPDATE outbox SET next_attempt_at = now() + interval '1 hour' WHERE subject = :s"
LEADERS = (
    "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database"
    " WHERE locktype = 'advisory' AND granted AND datname = current_database()"
)
UNPUBLISHED = "SELECT count(*) FROM outbox WHERE subject = :s AND published_at IS NULL"


@pytest.mark.parametrize("failure", ["raise", "commit"])
def test_a_request_whose_transaction_fails_never_answers_2xx_and_leaves_neither_state_nor_event(
    backbone: Backbone, failure: str
) -> None:
    note_id = uuid7()
    answer = backbone.harness.client.post(f"/notes/{note_id}", params={"fail": failure})

    assert answer.status_code == 500
    assert answer.json()["type"] == "urn:academy:problem:internal-error"
    assert backbone.one("SELECT count(*) FROM notes WHERE id = :s", s=note_id) == 0
    assert backbone.harness.published(LiveSessionScheduled, note_id) == []


def test_a_committed_request_is_published_within_moments(backbone: Backbone) -> None:
    note_id = uuid7()
    with backbone.harness.running_worker():
        assert backbone.harness.client.post(f"/notes/{note_id}").status_code == 200
        wait_until(lambda: backbone.one(UNPUBLISHED, s=note_id) == 0, what="published")


def test_an_unroutable_event_stays_unpublished_and_leaves_once_its_queue_is_bound_again(backbone: Backbone) -> None:
    note_id = uuid7()
    backbone.academy.bind("notifications", LiveSessionScheduled, bound=False)
    with backbone.harness.running_worker():
        try:
            backbone.harness.client.post(f"/notes/{note_id}")
            wait_until(lambda: "unroutable" in str(backbone.one(LAST_ERROR, s=note_id)))
            assert backbone.one(UNPUBLISHED, s=note_id) == 1
        finally:
            backbone.academy.bind("notifications", LiveSessionScheduled, bound=True)
        wait_until(lambda: backbone.one(UNPUBLISHED, s=note_id) == 0, what="published after the repair")


def test_an_event_that_the_broker_refuses_stays_unpublished_and_leaves_later(backbone: Backbone) -> None:
    note_id = uuid7()
    with backbone.harness.database.begin() as session:
        outbox.add(session, scheduled(note_id))
    relay = backbone.relay()
    with backbone.academy.broker_administrator() as connection:
        channel = connection.channel()
        full = {"x-max-length": 1, "x-overflow": "reject-publish"}
        channel.queue_declare("full", exclusive=True, arguments=full)
        channel.basic_publish("", "full", b"it is full now")
        channel.queue_bind("full", topology.exchange("live"), "#")
        wait_until(lambda: relay.step() or "refused" in str(backbone.one(LAST_ERROR, s=note_id)))
        assert backbone.one(UNPUBLISHED, s=note_id) == 1
    wait_until(lambda: relay.step() or backbone.one(UNPUBLISHED, s=note_id) == 0, what="published without that queue")
    relay.close()


def test_an_event_in_back_off_holds_back_later_events_of_its_aggregate_only(backbone: Backbone) -> None:
    held, free = uuid7(), uuid7()
    with backbone.harness.database.begin() as session:
        outbox.add(session, scheduled(held, "first"))
        session.execute(text(LATER), {"s": str(held)})
        outbox.add(session, scheduled(held, "second"))
        outbox.add(session, scheduled(free))

    with backbone.harness.running_worker():
        wait_until(lambda: backbone.one(UNPUBLISHED, s=free) == 0, what="the other aggregate's event")
        assert backbone.one(UNPUBLISHED, s=held) == 2


def test_only_one_of_two_workers_leads_and_the_other_takes_over(backbone: Backbone) -> None:
    first, second = uuid7(), uuid7()
    other = Database(backbone.harness.worker.settings.database_url("live"), "live")
    with backbone.harness.running_worker():
        with running(backbone.harness.worker.loops(other)):
            backbone.harness.client.post(f"/notes/{first}")
            wait_until(lambda: backbone.one(UNPUBLISHED, s=first) == 0)
            assert backbone.one(LEADERS) == 1
        backbone.harness.client.post(f"/notes/{second}")
        wait_until(lambda: backbone.one(UNPUBLISHED, s=second) == 0, what="published by the remaining worker")
    other.close()


def test_a_leader_that_failed_leads_again_whoever_still_holds_its_error(backbone: Backbone) -> None:
    """As while a database is restored: it is there already, and its tables are not."""
    note_id, owner = uuid7(), backbone.academy.owner("live")
    relay = backbone.relay()
    with owner.begin() as connection:
        connection.execute(text("ALTER TABLE outbox RENAME TO outbox_to_come"))
    with pytest.raises(ProgrammingError) as held:
        relay.step()
    with owner.begin() as connection:
        connection.execute(text("ALTER TABLE outbox_to_come RENAME TO outbox"))
    owner.dispose()
    backbone.harness.client.post(f"/notes/{note_id}")
    relay.step()
    relay.close()
    assert backbone.one(UNPUBLISHED, s=note_id) == 0, held.value


def test_every_event_has_a_publisher_that_may_and_a_subscriber_that_wants_it() -> None:
    for name, event in EVENTS.items():
        assert set(event.publishers()) <= set(topology.SERVICES)
        assert any(event in wanted for wanted in topology.SUBSCRIPTIONS.values()), f"nobody subscribes to {name}"
