"""Mails about courses have a way out: a setting, and a link that works without a sign-in."""

from urllib.parse import urlsplit

import pytest
from uuid_utils.compat import uuid7

from services.notifications.tests.doors import URL, inbox, mails, wait_until_all_sent
from services.notifications.tests.facts import Learner
from services.notifications.tests.smtp_sink import Received, Sink
from services.notifications.tests.test_events import newcomer
from shared.testing import Harness

SETTINGS = f"{URL}/settings"
ONE_CLICK = "List-Unsubscribe=One-Click"


def reminder(notifications: Harness, sink: Sink, learner: Learner) -> Received:
    notifications.deliver(learner.reminded())
    wait_until_all_sent(notifications, learner)
    return sink.mail(learner.email, "Soon")


def kinds(notifications: Harness, learner: Learner) -> list[str]:
    return [mail["kind"] for mail in mails(notifications, learner)]


def test_a_mail_about_a_course_ends_such_mails_by_one_click(
    notifications: Harness, worker: Harness, sink: Sink
) -> None:
    learner = newcomer(notifications)
    mail = reminder(notifications, sink, learner)
    address = str(mail.message["List-Unsubscribe"]).strip("<>")
    assert (mail.message["List-Unsubscribe-Post"], mail.message["List-Id"]) == (
        ONE_CLICK, "<course-news.academy.localhost>",
    )  # fmt: skip
    assert address in mail.part("html")
    path = urlsplit(address).path
    page = notifications.client.get(path)
    assert (page.status_code, "<form" in page.text) == (200, True)
    assert notifications.caller(user_id=learner.user_id).get(SETTINGS).json() == {"course_mails": True}
    for _ in range(2):
        ended = notifications.client.post(path, data={"List-Unsubscribe": "One-Click"})
        assert ended.status_code == 200
    assert notifications.caller(user_id=learner.user_id).get(SETTINGS).json() == {"course_mails": False}
    notifications.deliver(learner.reminded().model_copy(update={"live_session_id": uuid7()}))
    notifications.deliver(learner.paid())
    assert kinds(notifications, learner) == ["receipt", "live_session_reminder", "welcome"]
    assert [message["kind"] for message in inbox(notifications, learner)][1] == "live_session_reminder"


def test_a_person_turns_course_mails_off_and_on(notifications: Harness) -> None:
    learner = newcomer(notifications)
    person = notifications.caller(user_id=learner.user_id)
    for wanted, expected in ((False, ["welcome"]), (True, ["live_session_reminder", "welcome"])):
        assert person.request("PUT", SETTINGS, json={"course_mails": wanted}).json() == {"course_mails": wanted}
        notifications.deliver(learner.reminded().model_copy(update={"live_session_id": uuid7()}))
        assert kinds(notifications, learner) == expected
    assert person.request("PUT", SETTINGS, json={}).status_code == 422


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_unknown_link_is_not_found(notifications: Harness, method: str) -> None:
    refused = notifications.client.request(method, f"{URL}/unsubscribe/{uuid7()}")
    assert (refused.status_code, refused.json()["type"]) == (404, "urn:academy:problem:unsubscribe-link-unknown")


def test_mails_that_nobody_can_do_without_have_no_such_link(
    notifications: Harness, worker: Harness, sink: Sink
) -> None:
    learner = newcomer(notifications)
    wait_until_all_sent(worker, learner)
    assert sink.mails(learner.email)[0].message["List-Unsubscribe"] is None
