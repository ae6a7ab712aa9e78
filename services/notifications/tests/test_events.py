from collections.abc import Callable

import pytest

from services.notifications.models import Base
from services.notifications.tests.doors import inbox, mails, wait_until_all_sent
from services.notifications.tests.facts import COURSE, Learner, announcement, course_facts, live_facts
from services.notifications.tests.smtp_sink import Sink
from shared import events as e
from shared.inbox import Waiting
from shared.testing import Harness, wait_until
from shared.testing.schema import assert_models_match_migrations

ONE_LEARNER: dict[str, tuple[Callable[[Learner], e.Event], bool, bool, str]] = {
    # kind: the event, told by mail, told in the app, a word that its mail or message must have
    "receipt": (Learner.paid, True, True, "49.00 USD"),
    "payment_failed": (Learner.payment_failed, True, True, COURSE),
    "refund": (Learner.refunded, True, True, "49.00 USD"),
    "payment_disputed": (Learner.disputed, False, True, COURSE),
    "dispute_closed": (Learner.dispute_closed, False, True, "back"),
    "enrolled": (Learner.granted, True, True, COURSE),
    "course_completed": (Learner.completed, False, True, COURSE),
    "certificate_issued": (Learner.certified, True, True, "certificate"),
    "certificate_revoked": (Learner.certificate_revoked, False, True, COURSE),
    "certificate_restored": (Learner.certificate_restored, True, True, "valid again"),
    "live_session_reminder": (Learner.reminded, True, True, "4 Mar 2031, 18:00 UTC"),
    "instructor_approved": (Learner.approved, True, True, "you may write courses"),
    "instructor_rejected": (Learner.rejected, True, True, "Tell us more"),
    "invitation": (Learner.invited, True, False, "/reset-password#token=secret%2Btoken"),
    "export_ready": (Learner.exported, True, False, "#token=secret%2Btoken"),
    "email_verification": (Learner.verification, True, False, "/verify-email#token=secret%2Btoken"),
    "email_change_old": (Learner.address_changed, True, False, "@learners.test"),
    "account_exists": (Learner.registered_again, True, False, "an account with it already"),
    "security_notice": (Learner.security_changed, True, True, "203.0.113.0/24"),
    "password_reset": (Learner.reset, True, False, "/reset-password#token=secret%2Btoken"),
}


def newcomer(notifications: Harness, **changes: str) -> Learner:
    learner = Learner(**changes)  # type: ignore[arg-type]
    notifications.deliver(learner.registered())
    return learner


@pytest.mark.parametrize("kind", ONE_LEARNER)
def test_event_tells_the_learner_once(kind: str, notifications: Harness, worker: Harness, sink: Sink) -> None:
    event, by_mail, in_app, word = ONE_LEARNER[kind]
    learner = newcomer(notifications)
    wait_until_all_sent(worker, learner)
    envelope = notifications.deliver(event(learner))
    notifications.redeliver(envelope)
    # Under a new event id, too: the fact is the same.
    notifications.deliver(envelope.event())
    wait_until_all_sent(worker, learner)
    told = [message for message in inbox(notifications, learner) if message["kind"] == kind]
    sent = sink.mails(learner.email)[1:]
    assert (len(sent), len(told)) == (by_mail, in_app)
    words = [mail.subject + mail.part("plain") + mail.part("html") for mail in sent]
    words += [message["title"] + message["body"] for message in told]
    assert any(word in text for text in words)


def test_registration_is_welcomed(notifications: Harness, worker: Harness, sink: Sink) -> None:
    learner = newcomer(notifications)
    wait_until_all_sent(worker, learner)
    (mail,) = sink.mails(learner.email)
    assert mail.subject == "Welcome to AI First Academy"
    assert "Hello Ada Lovelace," in mail.part("plain")
    assert "https://school.test/courses" in mail.part("html")
    (message,) = inbox(notifications, learner)
    assert (message["kind"], message["link"], message["read_at"]) == ("welcome", "/courses", None)


def test_an_address_that_is_nobodys_yet_gets_its_link(notifications: Harness, worker: Harness, sink: Sink) -> None:
    learner = Learner(name="You won: evil.example/claim")
    asked = learner.verification().model_copy(update={"email": learner.email, "name": learner.name})
    notifications.deliver(asked)
    notifications.deliver(asked)
    wait_until_all_sent(worker, learner)
    (mail,) = sink.mails(learner.email)
    assert "https://school.test/verify-email#token=secret%2Btoken" in mail.part("plain")
    for words in (mail.part("plain"), mail.part("html")):
        assert "Hello," in words
        assert "evil" not in words
    notifications.deliver(learner.registered())
    wait_until_all_sent(worker, learner)
    assert [mail.subject for mail in sink.mails(learner.email)][1:] == ["Welcome to AI First Academy"]


def test_a_new_address_gets_its_own_link_and_after_the_change_all_mail(
    notifications: Harness, worker: Harness, sink: Sink
) -> None:
    learner = newcomer(notifications)
    new_email = f"new.{learner.email}"
    notifications.deliver(learner.address_changed(to_new=True))
    notifications.deliver(learner.address_changed())
    wait_until_all_sent(worker, learner)
    (mail,) = wait_until(lambda: sink.mails(new_email), what="the mail to the new address")
    assert "https://school.test/confirm-email#token=secret%2Btoken" in mail.part("plain")
    assert f"to\n{new_email}." in sink.mails(learner.email)[-1].part("plain")
    notifications.deliver(learner.updated(2, email=new_email))
    notifications.deliver(learner.paid())
    wait_until(lambda: "Receipt" in sink.mails(new_email)[-1].subject, what="the receipt at the new address")


@pytest.mark.parametrize("kind", ["email_verification", "account_exists", "invitation"])
def test_nobody_is_greeted_by_a_name_that_a_stranger_may_have_chosen(
    kind: str, notifications: Harness, worker: Harness, sink: Sink
) -> None:
    event, *_ = ONE_LEARNER[kind]
    learner = Learner(name="You won: evil.example/claim")
    notifications.deliver(learner.registered())
    notifications.deliver(event(learner))
    wait_until_all_sent(worker, learner)
    (mail,) = [mail for mail in sink.mails(learner.email) if "your account is ready" not in mail.part("plain")]
    for words in (mail.part("plain"), mail.part("html")):
        assert "Hello," in words
        assert "evil" not in words


def test_a_new_address_is_not_greeted_by_a_name(notifications: Harness, worker: Harness, sink: Sink) -> None:
    learner = Learner(name="You won: evil.example/claim")
    notifications.deliver(learner.registered())
    notifications.deliver(learner.address_changed(to_new=True))
    wait_until_all_sent(worker, learner)
    (mail,) = wait_until(lambda: sink.mails(f"new.{learner.email}"), what="the mail to the new address")
    assert "Hello," in mail.part("plain")
    assert "evil" not in mail.part("plain") + mail.part("html")


def test_who_is_signed_out_everywhere_is_told_what_still_opens_the_account(
    notifications: Harness, worker: Harness, sink: Sink
) -> None:
    learner = newcomer(notifications)
    left = {"passkeys": ("Phone", "Laptop", "n" * 99, "Key", "Fifth"), "providers": ("https://accounts.example.org",)}
    notifications.deliver(learner.security_changed("signed_out_everywhere").model_copy(update=left))
    wait_until_all_sent(worker, learner)
    mail = sink.mail(learner.email, "security")
    for words in (mail.part("plain"), mail.part("html")):
        assert "all API keys were revoked" in words
        assert "Phone, Laptop" in words
        assert "Key and 1 more" in words
        assert "https://accounts.example.org" in words


def test_a_change_that_only_a_newer_identity_knows_is_told_in_general_words(
    notifications: Harness, worker: Harness, sink: Sink
) -> None:
    learner = newcomer(notifications)
    notifications.deliver(learner.security_changed("retina_scanned"))
    wait_until_all_sent(worker, learner)
    mails = [mail.part("plain") for mail in sink.mails(learner.email)]
    assert any("The security settings of your account were changed." in mail for mail in mails)


def test_learner_who_registers_pays_and_completes_gets_exactly_four_mails(
    notifications: Harness, worker: Harness, sink: Sink
) -> None:
    learner = Learner()
    story = [learner.registered(), learner.paid(), learner.granted(), learner.completed(), learner.certified()]
    notifications.academy.publish(e.CoursePublished(**course_facts(learner.course_id)))
    for event in story:
        notifications.academy.publish(event)
    wait_until(lambda: len(sink.mails(learner.email)) >= 4, seconds=20, what="four mails")
    wait_until_all_sent(worker, learner)
    subjects = sorted(mail.subject for mail in sink.mails(learner.email))
    assert subjects == [
        "Receipt: Statistics & You",
        "Welcome to AI First Academy",
        "You are enrolled: Statistics & You",
        "Your certificate: Statistics & You",
    ]


def test_certificate_mail_leads_to_the_public_check_page(notifications: Harness, worker: Harness, sink: Sink) -> None:
    learner = newcomer(notifications)
    notifications.deliver(learner.certified())
    wait_until_all_sent(worker, learner)
    mail = sink.mail(learner.email, "certificate")
    assert "http://academy.test/api/v1/certificates/verify/C0DE-1234" in mail.part("plain")
    assert "PDF" in mail.part("plain")
    assert f"https://school.test/certificates/{learner.certificate_id}" in mail.part("html")


@pytest.mark.parametrize(
    ("amount", "currency", "written"),
    [
        (4900, "USD", "49.00 USD"),
        (4900, "JPY", "4,900 JPY"),
        (1234567, "KWD", "1,234.567 KWD"),
        (5, "EUR", "0.05 EUR"),
        (500_000, "ISK", "5,000 ISK"),
    ],
)
def test_receipt_writes_the_amount_as_the_currency_wants(
    amount: int, currency: str, written: str, notifications: Harness
) -> None:
    learner = newcomer(notifications)
    notifications.deliver(learner.paid(amount=amount, currency=currency))
    receipt = inbox(notifications, learner)[0]
    assert (receipt["kind"], receipt["link"]) == ("receipt", f"/orders/{learner.order_id}")
    assert f"payment of {written}." in receipt["body"]


def test_an_order_that_cost_nothing_gets_no_receipt(notifications: Harness, worker: Harness, sink: Sink) -> None:
    learner = newcomer(notifications)
    notifications.deliver(learner.paid(amount=0))
    wait_until_all_sent(worker, learner)
    mail = sink.mails(learner.email)[-1]
    assert mail.subject == f"Free with your coupon: {COURSE}"
    for text in (mail.part("plain"), mail.part("html"), inbox(notifications, learner)[0]["body"]):
        assert "free with your coupon" in text
        assert "received your payment" not in text


def test_partial_refund_says_that_access_stays(notifications: Harness, worker: Harness, sink: Sink) -> None:
    learner = newcomer(notifications)
    notifications.deliver(learner.refunded(1000, version=3))
    wait_until_all_sent(worker, learner)
    partial = sink.mail(learner.email, "Refund").part("plain")
    assert "10.00 USD of the 49.00 USD" in partial
    assert "You keep your access" in partial
    notifications.deliver(learner.refunded(4900, version=4))
    assert inbox(notifications, learner)[0]["body"].endswith("Your access by this order has ended.")


def test_link_uses_the_slug_once_the_course_is_known(notifications: Harness) -> None:
    learner = newcomer(notifications)
    notifications.deliver(learner.granted())
    assert inbox(notifications, learner)[0]["link"] == f"/courses/{learner.course_id}"
    notifications.deliver(e.CourseUpdated(**course_facts(learner.course_id, 3, slug="new")))
    notifications.deliver(e.CoursePublished(**course_facts(learner.course_id, 1, slug="old")))
    notifications.deliver(e.CourseArchived(**course_facts(learner.course_id, 2, slug="older")))
    notifications.deliver(learner.completed())
    assert inbox(notifications, learner)[0]["link"] == "/courses/new"


@pytest.mark.parametrize("event", [e.LiveSessionScheduled, e.LiveSessionChanged, e.LiveSessionCancelled])
def test_live_session_news_reach_who_is_enrolled(
    event: type[e.Event], notifications: Harness, worker: Harness, sink: Sink
) -> None:
    learner, stranger = newcomer(notifications), newcomer(notifications)
    notifications.deliver(learner.granted())
    notifications.deliver(event(**live_facts(learner.course_id)))
    wait_until(lambda: len(sink.mails(learner.email)) == 3, what="the news")
    news = sink.mail(learner.email, "Q&A")
    assert "4 Mar 2031, 18:00 UTC, 45 minutes" in news.part("plain")
    assert inbox(notifications, learner)[0]["kind"].startswith("live_session_")
    assert [mail["kind"] for mail in mails(notifications, stranger)] == ["welcome"]


def test_event_of_somebody_unknown_waits_for_the_registration(
    notifications: Harness, worker: Harness, sink: Sink
) -> None:
    learner = Learner()
    with pytest.raises(Waiting):
        notifications.deliver(learner.granted())
    for event in (learner.certified(), learner.paid(), learner.granted(), learner.suspended(2), learner.registered()):
        notifications.academy.publish(event)
    wait_until(lambda: len(sink.mails(learner.email)) == 4, seconds=20, what="four mails")


def test_announcement_reaches_mailbox_and_inbox(notifications: Harness, worker: Harness, sink: Sink) -> None:
    learner = newcomer(notifications)
    notifications.deliver(learner.granted())
    notifications.deliver(announcement(learner.course_id))
    wait_until(lambda: len(sink.mails(learner.email)) == 3, what="the announcement")
    news = sink.mail(learner.email, "New exercise")
    assert news.subject == f"{COURSE}: New exercise"
    assert "First line.\n\nSecond line." in news.part("plain")
    assert inbox(notifications, learner)[0]["body"] == "First line.\n\nSecond line."


def test_models_and_migrations_agree(notifications: Harness) -> None:
    assert_models_match_migrations(notifications, Base.metadata)
