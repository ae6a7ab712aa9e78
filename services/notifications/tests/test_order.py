"""Events may come late, twice and in any order; people are told the truth of today, once."""

from itertools import permutations

import pytest
from uuid_utils.compat import uuid7

from services.notifications.tests.doors import inbox, mails
from services.notifications.tests.facts import Learner, announcement, live_facts
from shared import events as e
from shared.inbox import Waiting
from shared.testing import Harness, wait_until


def kinds(notifications: Harness, learner: Learner) -> list[str]:
    return sorted(mail["kind"] for mail in mails(notifications, learner))


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
def test_profile_events_in_any_order_leave_the_newest_address(order: tuple[int, ...], notifications: Harness) -> None:
    learner = Learner()
    newest = f"new.{learner.email}"
    facts = [learner.registered(), learner.updated(2, email=f"old.{learner.email}"), learner.updated(3, email=newest)]
    for position in order:
        notifications.deliver(facts[position])
    notifications.deliver(learner.paid())
    receipt = notifications.caller("admin").get(
        "/api/v1/admin/notifications/deliveries", params={"recipient": newest.upper()}
    )
    assert "receipt" in {delivery["kind"] for delivery in receipt.json()["items"]}


def test_suspension_before_registration_is_kept_and_gives_no_address(notifications: Harness) -> None:
    learner = Learner()
    notifications.deliver(learner.suspended(2))
    with pytest.raises(Waiting):
        notifications.deliver(learner.paid())
    notifications.deliver(learner.registered())
    notifications.deliver(learner.paid())
    assert "receipt" in kinds(notifications, learner)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=str)
def test_two_grants_of_one_enrollment_are_told_once(order: tuple[int, ...], notifications: Harness) -> None:
    learner = Learner()
    notifications.deliver(learner.registered())
    grants = [learner.granted(1), learner.granted(2)]
    for position in order:
        notifications.deliver(grants[position])
    assert kinds(notifications, learner) == ["enrolled", "welcome"]


def test_grant_that_comes_after_its_revocation_is_no_news(notifications: Harness) -> None:
    learner = Learner()
    notifications.deliver(learner.registered())
    notifications.deliver(learner.revoked(2))
    notifications.deliver(learner.granted(1))
    assert kinds(notifications, learner) == ["welcome"]


def test_revocation_of_one_of_two_grants_is_no_news(notifications: Harness) -> None:
    learner = Learner()
    notifications.deliver(learner.registered())
    notifications.deliver(learner.granted(1))
    notifications.deliver(learner.revoked(2, active=True))
    assert "enrollment_revoked" not in {message["kind"] for message in inbox(notifications, learner)}
    notifications.deliver(learner.revoked(3))
    assert inbox(notifications, learner)[0]["kind"] == "enrollment_revoked"


def test_grant_that_rested_during_a_dispute_does_not_enroll_again(notifications: Harness) -> None:
    learner, grant_id = Learner(), uuid7()
    notifications.deliver(learner.registered())
    notifications.deliver(learner.granted(1, grant_id))
    notifications.deliver(learner.revoked(2))
    notifications.deliver(learner.granted(3, grant_id))
    assert kinds(notifications, learner) == ["enrolled", "welcome"]


def test_failure_that_comes_after_the_payment_is_no_news(notifications: Harness) -> None:
    learner = Learner()
    notifications.deliver(learner.registered())
    notifications.deliver(learner.paid())
    notifications.deliver(learner.payment_failed(version=1))
    assert kinds(notifications, learner) == ["receipt", "welcome"]


def test_certificate_that_was_revoked_already_is_not_congratulated(notifications: Harness) -> None:
    learner = Learner()
    notifications.deliver(learner.registered())
    notifications.deliver(learner.certificate_revoked(2))
    notifications.deliver(learner.certified(1))
    assert kinds(notifications, learner) == ["welcome"]


def test_receipt_is_sent_even_after_the_refund(notifications: Harness) -> None:
    learner = Learner()
    notifications.deliver(learner.registered())
    notifications.deliver(learner.refunded(version=3))
    notifications.deliver(learner.paid())
    assert kinds(notifications, learner) == ["receipt", "refund", "welcome"]


def test_live_session_is_not_announced_after_it_was_cancelled(notifications: Harness) -> None:
    learner = Learner()
    notifications.deliver(learner.registered())
    notifications.deliver(learner.granted())
    facts = live_facts(learner.course_id)
    notifications.deliver(e.LiveSessionCancelled(**{**facts, "version": 3}))
    notifications.deliver(e.LiveSessionScheduled(**facts))
    notifications.deliver(e.LiveSessionReminderDue(**facts, user_id=learner.user_id))
    notifications.deliver(announcement(learner.course_id))
    with notifications.running_worker("broadcasts"):
        wait_until(lambda: "announcement" in kinds(notifications, learner), what="the later broadcast")
    assert kinds(notifications, learner) == ["announcement", "enrolled", "live_session_cancelled", "welcome"]


def test_live_session_that_is_over_is_not_announced(notifications: Harness) -> None:
    learner = Learner()
    notifications.deliver(learner.registered())
    notifications.deliver(learner.reminded(starts_at="2020-01-01T00:00:00Z"))
    assert kinds(notifications, learner) == ["welcome"]


def test_whole_history_twice_in_reverse_changes_nothing(notifications: Harness) -> None:
    learner = Learner()
    history = [learner.registered(), learner.paid(), learner.granted(), learner.completed(), learner.certified()]
    envelopes = [notifications.deliver(event) for event in history]
    before = (mails(notifications, learner), inbox(notifications, learner))
    for envelope in [*reversed(envelopes), *envelopes]:
        notifications.redeliver(envelope)
    assert (mails(notifications, learner), inbox(notifications, learner)) == before
