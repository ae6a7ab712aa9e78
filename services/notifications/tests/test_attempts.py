"""A mail's attempts when a worker is late, and reminders that carry the version that was told before."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import text

from services.notifications import outgoing
from services.notifications.models import Delivery
from services.notifications.outgoing import MailPolicy
from services.notifications.tests.doors import DELIVERIES, inbox, mails
from services.notifications.tests.facts import Learner, live_facts
from shared import events as e
from shared.testing import Harness

POLICY = MailPolicy(attempts=4, first_wait=timedelta(hours=1), lease=timedelta(minutes=1))


def claim(notifications: Harness, delivery_id: UUID) -> Delivery:
    """This delivery, claimed as a worker does whose turn it is now."""
    due = "UPDATE deliveries SET next_attempt_at = '2000-01-01', is_bulk = false WHERE id = :id"
    with notifications.database.begin() as session:
        session.execute(text(due), {"id": delivery_id})
        claimed = outgoing.claim_next(session, POLICY, "academy.localhost")
        assert claimed is not None
        assert claimed.id == delivery_id
        session.expunge(claimed)
    return claimed


def welcome(notifications: Harness) -> tuple[Learner, UUID]:
    learner = Learner()
    notifications.deliver(learner.registered())
    [mail] = mails(notifications, learner)
    return learner, UUID(mail["id"])


def test_a_late_end_of_an_attempt_does_not_touch_the_attempt_of_another_worker(notifications: Harness) -> None:
    learner, delivery_id = welcome(notifications)
    late = claim(notifications, delivery_id)
    current = claim(notifications, delivery_id)
    with notifications.database.begin() as session:
        outgoing.postpone(session, late, POLICY, "late")
        outgoing.fail(session, late, "late")
        outgoing.put_back(session, late, "late")
    [mail] = mails(notifications, learner)
    assert (mail["state"], mail["attempts"], mail["last_error"]) == ("sending", 2, None)
    with notifications.database.begin() as session:
        outgoing.fail(session, current, "refused")
    assert mails(notifications, learner)[0]["state"] == "failed"


def test_a_mail_that_is_being_sent_is_not_retried(notifications: Harness) -> None:
    _, delivery_id = welcome(notifications)
    claimed = claim(notifications, delivery_id)
    refused = notifications.caller("admin").post(f"{DELIVERIES}/{delivery_id}/retry")
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:academy:problem:delivery-on-its-way")
    with notifications.database.begin() as session:
        outgoing.mark_sent(session, claimed)


def test_learners_who_heard_of_a_live_session_are_reminded_of_the_same_version(notifications: Harness) -> None:
    learners = [Learner(), Learner()]
    facts = live_facts(learners[0].course_id)
    for learner in learners:
        notifications.deliver(learner.registered())
    notifications.deliver(e.LiveSessionScheduled(**facts))
    for learner in learners:
        notifications.deliver(e.LiveSessionReminderDue(**facts, user_id=learner.user_id))
        assert inbox(notifications, learner)[0]["kind"] == "live_session_reminder"
