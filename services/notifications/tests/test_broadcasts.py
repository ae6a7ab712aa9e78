import pytest

from services.notifications import broadcasts
from services.notifications.tests.doors import inbox, mails
from services.notifications.tests.facts import Learner, announcement
from shared.testing import Harness, wait_until


def classmates(notifications: Harness, count: int) -> list[Learner]:
    first = Learner()
    learners = [first, *(Learner(course_id=first.course_id) for _ in range(count - 1))]
    for learner in learners:
        notifications.deliver(learner.registered())
        notifications.deliver(learner.granted())
    return learners


def told(notifications: Harness, learner: Learner) -> list[str]:
    return [mail["kind"] for mail in mails(notifications, learner) if mail["kind"] == "announcement"]


def test_announcement_comes_to_everybody_in_the_course_once_chunk_by_chunk(
    notifications: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broadcasts, "CHUNK", 3)
    learners, others = classmates(notifications, 10), classmates(notifications, 1)
    event = announcement(learners[0].course_id)
    notifications.redeliver(notifications.deliver(event))
    notifications.deliver(event)
    with notifications.running_worker("broadcasts"):
        wait_until(lambda: all(told(notifications, learner) for learner in learners), what="everybody told")
    assert [told(notifications, learner) for learner in learners] == [["announcement"]] * 10
    assert all(inbox(notifications, learner)[0]["kind"] == "announcement" for learner in learners)
    assert told(notifications, others[0]) == []


def test_who_left_or_is_suspended_is_not_told(notifications: Harness) -> None:
    here, left, suspended, reactivated = classmates(notifications, 4)
    notifications.deliver(left.revoked(2))
    notifications.deliver(suspended.suspended(2))
    notifications.deliver(reactivated.suspended(2))
    notifications.deliver(reactivated.updated(3))
    notifications.deliver(announcement(here.course_id))
    with notifications.running_worker("broadcasts"):
        wait_until(lambda: told(notifications, here) and told(notifications, reactivated), what="the announcement")
    assert (told(notifications, left), told(notifications, suspended)) == ([], [])


def test_personal_mail_goes_before_a_waiting_announcement(notifications: Harness) -> None:
    learners = classmates(notifications, 3)
    notifications.deliver(announcement(learners[0].course_id))
    with notifications.running_worker("broadcasts"):
        wait_until(lambda: all(told(notifications, learner) for learner in learners), what="everybody told")
    notifications.deliver(learners[0].reset())
    with notifications.running_worker("mail"):
        wait_until(
            lambda: all(mail["state"] == "sent" for learner in learners for mail in mails(notifications, learner)),
            what="all sent",
        )
    sent_at = {mail["kind"]: mail["sent_at"] for mail in mails(notifications, learners[0])}
    assert sent_at["password_reset"] < sent_at["announcement"]
