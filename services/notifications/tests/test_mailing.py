"""The mail server misbehaves; no mail is lost, and a repetition has the same Message-ID."""

import time
from collections import Counter

import pytest
from sqlalchemy import text

from services.notifications.tests.doors import DELIVERIES, mails, wait_until_all_sent
from services.notifications.tests.facts import Learner
from services.notifications.tests.smtp_sink import DROP, STALL, TAKE_AND_DROP, Sink
from shared.testing import Harness, wait_until

pytestmark = pytest.mark.usefixtures("worker")


def welcome(notifications: Harness, learner: Learner) -> dict[str, object]:
    (delivery,) = mails(notifications, learner)
    return delivery


def wait_for_state(notifications: Harness, learner: Learner, state: str) -> dict[str, object]:
    wait_until(lambda: welcome(notifications, learner)["state"] == state, seconds=20, what=state)
    return welcome(notifications, learner)


def test_mail_leaves_at_once_and_not_with_the_next_poll(notifications: Harness, sink: Sink) -> None:
    seconds = []
    for _ in range(9):
        learner = Learner()
        wait_until_all_sent(notifications)
        notifications.deliver(learner.registered())
        committed = time.monotonic()
        wait_until(lambda learner=learner: sink.mails(learner.email), what="the mail")  # type: ignore[misc]
        seconds.append(time.monotonic() - committed)
    # Polls come twice a second: without the hint most mails would wait longer than this.
    assert sorted(seconds)[4] < 0.1, seconds


def test_mail_on_the_wire_is_complete(notifications: Harness, sink: Sink) -> None:
    learner = Learner()
    notifications.deliver(learner.registered())
    delivery = wait_for_state(notifications, learner, "sent")
    (mail,) = sink.mails(learner.email)
    assert mail.sender == "no-reply@academy.localhost"
    assert mail.recipients == [learner.email]
    assert str(mail.message["From"]) == "AI First Academy <no-reply@academy.localhost>"
    assert mail.id == delivery["message_id"] == f"<{delivery['id']}@academy.localhost>"
    assert mail.message["Auto-Submitted"] == "auto-generated"
    assert mail.message.get_content_type() == "multipart/alternative"
    assert (delivery["attempts"], delivery["last_error"]) == (1, None)


def test_secret_is_forgotten_once_it_was_sent(notifications: Harness, sink: Sink) -> None:
    learner = Learner()
    notifications.deliver(learner.registered())
    notifications.deliver(learner.reset("very-secret"))
    wait_until_all_sent(notifications, learner)
    assert "very-secret" in sink.mail(learner.email, "password").part("plain")
    with notifications.database.begin() as session:
        rows = session.execute(text("SELECT d::text FROM deliveries d WHERE user_id = :id"), {"id": learner.user_id})
        stored = " ".join(rows.scalars())
    assert "password_reset" in stored
    assert "very-secret" not in stored


@pytest.mark.parametrize("answer", ["451 4.3.0 come back later", "421 4.3.2 shutting down", DROP])
def test_passing_trouble_is_retried(answer: str, notifications: Harness, sink: Sink) -> None:
    learner = Learner()
    sink.answer(learner.email, answer)
    notifications.deliver(learner.registered())
    delivery = wait_for_state(notifications, learner, "sent")
    assert delivery["attempts"] == 2
    assert len(sink.mails(learner.email)) == 1


@pytest.mark.parametrize("trouble", [TAKE_AND_DROP, STALL])
def test_mail_taken_without_an_answer_is_repeated_with_its_message_id(
    trouble: str, notifications: Harness, sink: Sink
) -> None:
    learner = Learner()
    sink.answer(learner.email, trouble)
    notifications.deliver(learner.registered())
    wait_for_state(notifications, learner, "sent")
    first, second = sink.mails(learner.email)
    assert first.id == second.id
    assert first.message["Date"] == second.message["Date"]


def test_refused_mail_fails_and_may_be_retried_by_an_administrator(notifications: Harness, sink: Sink) -> None:
    learner = Learner()
    sink.answer(learner.email, "550 5.7.1 not wanted")
    notifications.deliver(learner.registered())
    failed = wait_for_state(notifications, learner, "failed")
    assert failed["attempts"] == 1
    assert "550 5.7.1 not wanted" in str(failed["last_error"])
    answer = notifications.caller("admin").post(f"{DELIVERIES}/{failed['id']}/retry")
    assert (answer.status_code, answer.json()["state"]) == (200, "queued")
    assert wait_for_state(notifications, learner, "sent")["message_id"] == failed["message_id"]


def test_unknown_mailbox_fails_and_a_full_one_is_retried(notifications: Harness, sink: Sink) -> None:
    gone, full = Learner(), Learner()
    sink.refuse_recipient(gone.email, "550 5.1.1 no such mailbox")
    sink.refuse_recipient(full.email, "452 4.2.2 mailbox full")
    notifications.deliver(gone.registered())
    notifications.deliver(full.registered())
    assert wait_for_state(notifications, gone, "failed")["attempts"] == 1
    spent = wait_for_state(notifications, full, "failed")
    assert spent["attempts"] == 4
    assert "given up after 4 attempts" in str(spent["last_error"])


def test_absent_mail_server_costs_no_attempt(notifications: Harness, sink: Sink) -> None:
    wait_until_all_sent(notifications)
    learner = Learner()
    sink.shut()
    try:
        notifications.deliver(learner.registered())
        wait_until(lambda: welcome(notifications, learner)["last_error"], what="a first try")
    finally:
        sink.open()
    assert wait_for_state(notifications, learner, "sent")["attempts"] == 1


def test_trouble_of_all_kinds_loses_no_mail(notifications: Harness, sink: Sink) -> None:
    learners = [Learner() for _ in range(60)]
    troubles = ["451 later", DROP, TAKE_AND_DROP, "421 bye", STALL]
    troubled = learners[:: 60 // len(troubles)]
    for learner, trouble in zip(troubled, troubles, strict=True):
        sink.answer(learner.email, trouble)
    for learner in learners:
        notifications.deliver(learner.registered())
    wait_until_all_sent(notifications)
    count = Counter(mail.recipients[0] for mail in sink.received)
    assert all(count[learner.email] >= 1 for learner in learners)
    twice = [learner for learner in learners if count[learner.email] > 1]
    assert len(twice) <= 2
    assert all(len({mail.id for mail in sink.mails(learner.email)}) == 1 for learner in learners)
