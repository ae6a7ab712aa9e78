"""What notifications forgets, and what it keeps."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from uuid_utils.compat import uuid7

from services.notifications.deliveries import retry_delivery
from services.notifications.settings import Settings
from services.notifications.tests.doors import DELIVERIES, deliveries, mails
from services.notifications.tests.facts import Learner, in_an_hour
from services.notifications.tests.smtp_sink import Sink
from services.notifications.worker import create_worker
from shared import events as e
from shared.testing import Harness, wait_until

AGED = """
    UPDATE deliveries
    SET created_at = created_at - age, sent_at = sent_at - age, next_attempt_at = next_attempt_at - age
    FROM (SELECT make_interval(days => :days) AS age) AS aged WHERE user_id = :id
"""
MANY = """
    INSERT INTO deliveries (id, dedupe_key, user_id, kind, recipient, subject, context, is_bulk, state, sent_at)
    SELECT CAST(lpad(to_hex(n), 32, '0') AS uuid), 'many:' || n, :id, 'welcome', 'many@learners.test', 'Welcome', '{}',
        false, 'sent', now() - interval '1 year' FROM generate_series(1, 2500) AS n
"""


def signed_up(learner: Learner) -> e.EmailVerificationRequested:
    """A registration whose link nobody follows."""
    facts = {"user_id": learner.user_id, "version": 1, "token": "secret", "expires_at": in_an_hour()}
    return e.EmailVerificationRequested(**facts, email=learner.email, name=learner.name)


def mailed(notifications: Harness, learner: Learner, days_ago: int, ending: str = "sent") -> dict[str, Any]:
    """The mail of a registration, ended so many days ago."""
    notifications.deliver(signed_up(learner))
    with notifications.running_worker("mail"):
        wait_until(lambda: mails(notifications, learner)[0]["state"] == ending, seconds=20, what=ending)
    sql(notifications, AGED, id=learner.user_id, days=days_ago)
    (mail,) = mails(notifications, learner)
    return mail


def forget(notifications: Harness, **settings: int) -> None:
    """One run of the job."""
    present = notifications.worker.settings
    assert isinstance(present, Settings)
    worker = create_worker(present.model_copy(update=settings))
    next(job for job in worker.jobs if job.name == "forget-recipients").run_to_end(notifications.database)


def listed(notifications: Harness, mail: dict[str, Any]) -> dict[str, Any]:
    """The mail as an administrator sees it now."""
    return next(found for found in deliveries(notifications) if found["id"] == mail["id"])


def stored(notifications: Harness, learner: Learner) -> str:
    """All that is stored of their mails."""
    rows = sql(notifications, "SELECT d::text FROM deliveries d WHERE user_id = :id", id=learner.user_id)
    return "\n".join(row[0] for row in rows)


def sql(notifications: Harness, statement: str, **values: Any) -> list[Any]:
    with notifications.database.begin() as session:
        result = session.execute(text(statement), values)
        return list(result) if result.returns_rows else []  # type: ignore[attr-defined]


def test_an_address_that_nobody_confirmed_is_forgotten_after_ninety_days(notifications: Harness) -> None:
    old, young = Learner(), Learner()
    before, kept = mailed(notifications, old, days_ago=91), mailed(notifications, young, days_ago=89)
    forget(notifications)
    assert mails(notifications, old) == []
    assert listed(notifications, before) == {**before, "recipient": ""}
    assert old.email not in stored(notifications, old)
    assert mails(notifications, young) == [kept]


def test_an_operator_may_have_addresses_forgotten_sooner(notifications: Harness) -> None:
    learner = Learner()
    mailed(notifications, learner, days_ago=31)
    forget(notifications, delivery_days=30)
    assert mails(notifications, learner) == []


def test_what_is_forgotten_is_not_told_again(notifications: Harness, sink: Sink) -> None:
    learner = Learner()
    mailed(notifications, learner, days_ago=91)
    forget(notifications)
    notifications.deliver(signed_up(learner))
    mailed(notifications, Learner(), days_ago=0)
    assert len(sink.mails(learner.email)) == 1


def test_of_a_refused_mail_neither_address_nor_name_nor_link_nor_answer_stays(
    notifications: Harness, sink: Sink
) -> None:
    learner = Learner("Grace Hopper")
    sink.refuse_recipient(learner.email, f"550 5.1.1 <{learner.email}> is no mailbox")
    mail = mailed(notifications, learner, days_ago=91, ending="failed")
    # A mail to an address that nobody has confirmed names nobody.
    assert [word in stored(notifications, learner) for word in (learner.email, "secret", learner.name)] == [1, 1, 0]
    forget(notifications)
    assert not any(word in stored(notifications, learner) for word in (learner.email, "secret"))
    answer = notifications.caller("admin").post(f"{DELIVERIES}/{mail['id']}/retry")
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:academy:problem:delivery-forgotten")
    assert listed(notifications, mail) == {**mail, "recipient": "", "last_error": None}


@pytest.mark.parametrize("state", ["queued", "sending"])
def test_a_mail_that_is_still_owed_keeps_its_address_however_old(state: str, notifications: Harness) -> None:
    learner = Learner()
    notifications.deliver(signed_up(learner))
    sql(notifications, AGED, id=learner.user_id, days=4000)
    sql(notifications, "UPDATE deliveries SET state = :state WHERE user_id = :id", id=learner.user_id, state=state)
    before = stored(notifications, learner)
    forget(notifications)
    assert stored(notifications, learner) == before
    assert learner.email in before


def test_a_mail_that_is_retried_at_that_moment_keeps_its_address(notifications: Harness, sink: Sink) -> None:
    learner = Learner()
    sink.answer(learner.email, "550 5.7.1 not wanted")
    mail = mailed(notifications, learner, days_ago=91, ending="failed")
    with notifications.database.begin() as session:
        retry_delivery(session, UUID(mail["id"]))
        forget(notifications)
    with notifications.running_worker("mail"):
        wait_until(lambda: sink.mails(learner.email), what="the mail")


def test_any_number_is_forgotten_in_one_run_and_the_next_one_changes_nothing(notifications: Harness) -> None:
    user_id = uuid7()
    sql(notifications, MANY, id=user_id)
    for _ in range(2):
        forget(notifications)
        rows = "SELECT recipient, count(*) AS number FROM deliveries WHERE user_id = :id GROUP BY recipient"
        assert [tuple(row) for row in sql(notifications, rows, id=user_id)] == [("", 2500)]
