"""The oracle sees what it is there to see: each invariant is broken once in books that are right otherwise."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from ops.faults.database import Books
from ops.faults.mailbox import Mail
from ops.faults.tests.books import LEDGER, USER, Scene, set_up
from ops.places import SERVICES
from shared.testing.academy import Academy

DAMAGES = {
    "I1: a grant is missing": ("I1", "DELETE FROM catalog.grants"),
    "I1: a grant is not active": ("I1", "UPDATE catalog.grants SET status = 'suspended'"),
    "I1: an enrollment is closed though its grant is active": ("I1", "UPDATE catalog.enrollments SET active = false"),
    "I2: a grant has no order": ("I2", "UPDATE catalog.grants SET order_id = gen_random_uuid()"),
    "I2: a grant is active though its order failed": (
        "I2",
        "UPDATE billing.orders SET status = 'failed', paid_amount = 0",
    ),
    "I3: a payment was told twice": (
        "I3",
        "INSERT INTO billing.outbox (event_id, type, subject, envelope, published_at)"
        " SELECT gen_random_uuid(), type, subject, envelope, published_at FROM billing.outbox",
    ),
    "I4: an event was never published": (
        "I4",
        "UPDATE billing.outbox SET published_at = NULL, created_at = now() - interval '2 minutes'",
    ),
    "I4b: an event never arrived": ("I4b", "DELETE FROM live.inbox"),
    "I5: an event is parked": ("I5", "UPDATE live.inbox SET status = 'parked', last_error = 'Boom'"),
    "I5: an event was never handled": ("I5", "UPDATE live.inbox SET status = 'pending'"),
    "I6: an order has another amount": ("I6", "UPDATE billing.orders SET amount = 4800"),
    "I6: Stripe's payment has no order": ("I6", "DELETE FROM billing.orders"),
    "I7: a certificate is missing": ("I7", "DELETE FROM certificates.certificates"),
    "I7: a certificate has no completion": ("I7", "DELETE FROM catalog.course_completions"),
    "I7: a file is not what was promised": ("I7", "UPDATE certificates.certificates SET pdf_sha256 = 'other'"),
    "I8: a mail was never queued": (
        "I8",
        "DELETE FROM notifications.deliveries WHERE dedupe_key LIKE 'receipt%'",
    ),
    "I8: a mail was given up": ("I8", "UPDATE notifications.deliveries SET state = 'failed'"),
    "I9: roles without a record": ("I9", "UPDATE identity.users SET roles = ARRAY['admin']"),
    "I9: a refund without a record": (
        "I9",
        "INSERT INTO billing.refund_requests (id, order_id, amount, reason, requested_by)"
        " SELECT gen_random_uuid(), id, 100, '', gen_random_uuid() FROM billing.orders",
    ),
    "I10: an ended session that nobody was told of": (
        "I10",
        "INSERT INTO identity.sessions (id, user_id, sid, user_agent, ip, created_at, last_seen_at, expires_at,"
        f" revoked_at) VALUES (gen_random_uuid(), '{USER}', gen_random_uuid(), '', '', now(), now(), now(), now())",
    ),
}


@pytest.fixture(scope="module")
def books(testrun_uid: str, worker_id: str, tmp_path_factory: pytest.TempPathFactory) -> Books:
    academy = Academy(f"oracle_{testrun_uid[:8]}_{worker_id}", tmp_path_factory.mktemp("files"), broker=False)
    for service in SERVICES:
        academy.migrate(service)
    academy.close()
    return Books(
        {
            "host": os.environ["TEST_POSTGRES_HOST"],
            "port": os.environ["TEST_POSTGRES_PORT"],
            "name": academy.name,
            "admin_user": os.environ["TEST_POSTGRES_ADMIN_USER"],
            "admin_password": os.environ["TEST_POSTGRES_ADMIN_PASSWORD"],
        }
    )


@pytest.fixture
def play(books: Books, tmp_path: Path) -> Callable[[Callable[[Scene], Awaitable[set[str]]]], set[str]]:
    """Runs a scene in healthy books and returns the invariants that did not hold at its end."""

    def run(act: Callable[[Scene], Awaitable[set[str]]]) -> set[str]:
        async def scene() -> set[str]:
            return await act(await set_up(books, tmp_path))

        return asyncio.run(scene())

    return run


Play = Callable[[Callable[[Scene], Awaitable[set[str]]]], set[str]]


def test_books_in_which_everything_is_right_hold(play: Play) -> None:
    assert play(lambda scene: scene.verdict()) == set()


@pytest.mark.parametrize(("invariant", "statement"), DAMAGES.values(), ids=DAMAGES)
def test_damage_is_seen(play: Play, invariant: str, statement: str) -> None:
    async def act(scene: Scene) -> set[str]:
        await scene.damage(statement)
        return await scene.verdict()

    assert invariant in play(act)


def test_a_second_payment_of_one_order_is_seen(play: Play) -> None:
    assert play(lambda scene: scene.verdict(ledger={"sessions": LEDGER["sessions"] * 2})) == {"I6"}


def test_a_payment_that_stripe_does_not_know_is_seen(play: Play) -> None:
    assert play(lambda scene: scene.verdict(ledger={"sessions": []})) == {"I6"}


def test_a_mail_that_the_server_never_took_is_seen(play: Play) -> None:
    assert play(lambda scene: scene.verdict(mails=scene.mails[1:])) == {"I8"}


def test_a_mail_that_was_repeated_with_its_message_id_is_fine(play: Play) -> None:
    assert play(lambda scene: scene.verdict(mails=scene.mails * 2)) == set()


def test_a_mail_that_was_repeated_with_another_message_id_is_seen(play: Play) -> None:
    other = Mail("<other@x>", "ann@example.com", "Hello")
    assert play(lambda scene: scene.verdict(mails=(*scene.mails, other))) == {"I8"}


def test_a_service_that_takes_a_signed_out_token_is_seen(play: Play) -> None:
    assert play(lambda scene: scene.verdict(signed_out=("billing answers 200",))) == {"I10"}
