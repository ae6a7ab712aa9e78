"""People choose their names, instructors their titles; neither may write our mails."""

from email.headerregistry import Address

import pytest
from uuid_utils.compat import uuid7

from services.notifications.tests.doors import inbox, mails, wait_until_all_sent
from services.notifications.tests.facts import Learner, announcement
from services.notifications.tests.smtp_sink import Sink
from shared.testing import Harness, wait_until

HEADERS = {
    "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type",
}  # fmt: skip
NAMES = [
    "Ann\r\nBcc: thief@evil.test\r\n\r\nHello",
    "Ann\nBcc: thief@evil.test",
    "Ann\r\n.\r\nRCPT TO:<thief@evil.test>",
    ".",
    "..\r\n.\r\n",
    "{{ 7 * 7 }} {% for x in range(9) %}x{% endfor %}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "${7*7} #{7*7} %s %(name)s {0} {name.__class__}",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "\"><a href='https://evil.test'>click</a>",
    "Bob </p></para>",
    "=?utf-8?q?Bcc=3A_thief=40evil=2Etest?=",
    "\u202eevil\u202c \u2066x",
    "李小龍 · محمد · Ζωή · 👩🏽‍🚀",
    "x" * 300,
    "W\u2028o\u2029r\x0bd\x0c\x85s\x1b[31m\x7f",
    "thief@evil.test, other@evil.test",
]


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_hostile_name_stays_a_name(name: str, notifications: Harness, worker: Harness, sink: Sink) -> None:
    learner = Learner(name=name)
    notifications.deliver(learner.registered())
    notifications.deliver(learner.paid(course_title=name))
    wait_until_all_sent(worker, learner)
    assert len(sink.mails(learner.email)) == 2
    for mail in sink.mails(learner.email):
        assert mail.recipients == [learner.email]
        assert set(mail.message.keys()) == HEADERS
        assert mail.message["To"].addresses == (Address(addr_spec=learner.email),)
        greeting, *rest = mail.part("plain").split("\n")
        assert greeting.startswith("Hello ")
        assert not any(line.startswith(("Bcc", "RCPT", "Hello")) for line in rest)
        html = mail.part("html")
        assert "<script" not in html
        assert "<img" not in html
        assert html.count("<a ") == 2
        assert mail.part("plain").rstrip().endswith(".")
    assert "thief@evil.test" not in {recipient for mail in sink.received for recipient in mail.recipients}


def test_template_braces_are_printed_as_they_are(notifications: Harness, worker: Harness, sink: Sink) -> None:
    learner = Learner(name="{{ 7 * 7 }}")
    notifications.deliver(learner.registered())
    wait_until_all_sent(worker, learner)
    (mail,) = sink.mails(learner.email)
    assert "Hello {{ 7 * 7 }}," in mail.part("plain")


def test_lone_dots_in_an_announcement_do_not_end_the_mail(notifications: Harness, worker: Harness, sink: Sink) -> None:
    learner = Learner()
    body = "Before.\r\n.\r\n..\r\n.hidden\r\nMAIL FROM:<thief@evil.test>\r\nAfter."
    notifications.deliver(learner.registered())
    notifications.deliver(learner.granted())
    notifications.deliver(announcement(learner.course_id, body=body, title="Title\r\nBcc: thief@evil.test"))
    wait_until(lambda: len(sink.mails(learner.email)) == 3, what="the announcement")
    news = sink.mail(learner.email, "Title")
    assert set(news.message.keys()) == HEADERS | {"List-Id", "List-Unsubscribe", "List-Unsubscribe-Post"}
    assert "Before.\n.\n..\n.hidden\nMAIL FROM:<thief@evil.test>\nAfter." in news.part("plain")
    assert inbox(notifications, learner)[0]["title"] == "Statistics & You: Title Bcc: thief@evil.test"


@pytest.mark.parametrize(
    "address",
    [
        "ann@school.test>\r\nRCPT TO:<thief@evil.test",
        "ann@school.test, thief@evil.test",
        "ann@school.test\nBcc: thief@evil.test",
        "ann",
        "",
        "Ann <ann@school.test>",
        "ann@school.test notify=never",
    ],
)
def test_bad_address_gets_no_mail_and_stops_nobody(
    address: str, notifications: Harness, worker: Harness, sink: Sink
) -> None:
    learner = Learner()
    taken = len(sink.received)
    notifications.deliver(learner.registered(email=address))
    notifications.deliver(learner.paid())
    other = Learner()
    notifications.deliver(other.registered())
    wait_until_all_sent(worker, other)
    found = {recipient for mail in sink.received[taken:] for recipient in mail.recipients}
    assert not {each for each in found if "evil" in each or "ann" in each}
    assert len(inbox(notifications, learner)) == 2
    assert mails(notifications, other)[0]["state"] == "sent"


def test_international_address_is_reached(notifications: Harness, worker: Harness, sink: Sink) -> None:
    learner = Learner()
    local = f"zoë.{uuid7().hex}"
    notifications.deliver(learner.registered(email=f"{local}@bücher.test"))
    wait_until(lambda: sink.mails(f"{local}@xn--bcher-kva.test"), what="the mail")
