"""W8: every row of the truth table, before and after the certificate, told by webhooks or found by the jobs alone.

Four services with their own databases' schemas; what one publishes is carried to those who listen, as the broker would.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any
from uuid import UUID

import pytest
from pydantic import SecretStr
from sqlalchemy import func, select, text
from uuid_utils.compat import uuid7

from services.billing.tests.far_end import API_KEY, SECRET, FarEnd, running_simulator
from services.billing.tests.shop import Shop
from services.catalog.tests.school import PAID, TaughtCourse
from shared import tables
from shared.envelope import Envelope
from shared.events import UserRegistered
from shared.inbox import Waiting
from shared.testing import Academy, Harness
from shared.testing.harness import Caller

MODULES = ("settings", "main", "worker")
PARTS = ("catalog", "billing", "certificates", "notifications")

NEWEST = select(func.coalesce(func.max(tables.outbox.c.id), 0))


class World:
    """The four services, Stripe beside them."""

    def __init__(self, harnesses: dict[str, Harness], far_end: FarEnd) -> None:
        self.services = harnesses
        self.shop = Shop(harnesses["billing"], far_end)
        # Other tests of this process have told their own stories in the same schemas.
        self._carried = {name: harness.database.ask(NEWEST) for name, harness in harnesses.items()}
        self._waiting: list[tuple[Harness, Envelope]] = []

    def carry(self) -> None:
        """Brings what was published to those who listen, until nobody has anything new to say."""
        while news := [item for name in self.services for item in self._news_of(name)]:
            self._waiting, due = [], [*self._waiting, *news]
            for harness, envelope in due:
                try:
                    harness.redeliver(envelope)
                except Waiting:
                    self._waiting.append((harness, envelope))

    def _news_of(self, name: str) -> Iterator[tuple[Harness, Envelope]]:
        new = select(tables.outbox.c.id, tables.outbox.c.envelope).where(tables.outbox.c.id > self._carried[name])
        with self.services[name].database.begin() as session:
            rows = session.execute(new.order_by(tables.outbox.c.id)).all()
        for row in rows:
            self._carried[name] = row.id
            envelope = Envelope.model_validate(row.envelope)
            for harness in self.services.values():
                if type(envelope.event()) in harness.worker.handlers.events:
                    yield harness, envelope

    def caller(self, service: str, user_id: UUID) -> Caller:
        return self.services[service].caller(user_id=user_id)


@pytest.fixture(scope="module")
def world(academy: Academy) -> Iterator[World]:
    with running_simulator() as far_end:
        own = {
            "stripe_api_key": SecretStr(API_KEY),
            "stripe_api_base": far_end.url,
            "stripe_webhook_secrets": SecretStr(SECRET),
        }
        opened = []
        try:
            for name in PARTS:
                main, worker, part = (
                    import_module(f"services.{name}.{part}") for part in ("main", "worker", "settings")
                )
                settings = academy.settings(part.Settings, **(own if name == "billing" else {}))
                service = academy.service(name, settings, main.create_app, worker.create_worker)
                opened.append((name, service, service.__enter__()))
            yield World({name: harness for name, _, harness in opened}, far_end)
        finally:
            for _, service, _ in reversed(opened):
                service.__exit__(None, None, None)


class Story:
    """One learner, one course of two lessons, one order."""

    def __init__(self, world: World, told: bool) -> None:
        self.world, self.shop, self.far_end, self.told = world, world.shop, world.shop.far_end, told
        world.shop.forget()
        self.course = TaughtCourse(world.services["catalog"].caller("instructor"), price=PAID)
        for _ in range(2):
            self.course.lesson()
        self.course.publish()
        self.user_id = uuid7()
        registered = UserRegistered(
            user_id=self.user_id, version=1, email=f"{self.user_id.hex}@w8.test", name="Ada Lovelace", roles=["student"]
        )
        for name in ("certificates", "notifications"):
            world.services[name].deliver(registered)
        world.carry()
        self.refund, self.dispute = "", ""
        self.order, self.session_id = self.buy()

    def buy(self) -> tuple[dict[str, Any], str]:
        order = self.shop.checkout(self.world.caller("billing", self.user_id), UUID(self.course.id)).json()
        return order, order["checkout_url"].rsplit("/", 1)[1]

    def hear(self) -> None:
        """What happened at Stripe reaches everybody: by webhooks, or only by the jobs."""
        if self.told:
            self.shop.deliver_all(self.session_id)
        else:
            age = "UPDATE orders SET created_at = created_at - interval '11 minutes' WHERE id = :id"
            self.shop.sql(age, id=self.order["id"])
            for job in ("reconcile", "compare-everything"):
                self.shop.run_job(job)
        self.world.carry()

    def graduate(self) -> None:
        learner = self.world.caller("catalog", self.user_id)
        for number in range(2):
            assert learner.post(f"{self.course.lesson_url(number)}/complete").status_code == 200
        self.world.carry()

    @property
    def status(self) -> str:
        return str(self.shop.order(self.order["id"])["status"])

    @property
    def enrolled(self) -> bool:
        progress = self.world.caller("catalog", self.user_id).get(f"{self.course.url}/progress")
        return bool(progress.status_code == 200)

    @property
    def certificates(self) -> list[str]:
        items = self.world.caller("certificates", self.user_id).get("/api/v1/certificates").json()["items"]
        return [item["status"] for item in items]

    def mails(self, kind: str) -> int:
        sent = text("SELECT count(*) FROM deliveries WHERE user_id = :user AND kind = :kind")
        with self.world.services["notifications"].database.begin() as session:
            return int(session.execute(sent, {"user": self.user_id, "kind": kind}).scalar_one())


def pay(story: Story) -> None:
    story.far_end.pay(story.session_id)
    story.hear()


def give_back(story: Story) -> None:
    story.refund = story.far_end.refund(story.session_id)


def refund_fails(story: Story) -> None:
    give_back(story)
    story.hear()
    story.far_end.fail_refund(story.refund)


def opened(story: Story) -> None:
    story.dispute = story.far_end.dispute(story.session_id)


def closed(outcome: str) -> Callable[[Story], None]:
    def decide(story: Story) -> None:
        opened(story)
        story.hear()
        story.far_end.close_dispute(story.dispute, outcome)

    return decide


@dataclass(frozen=True)
class Row:
    """What happens after the payment, and what must be true then. `mails`: of which kind how many."""

    happens: Callable[[Story], Any]
    status: str
    enrolled: bool
    certificate: str
    mails: tuple[str, int] = ("receipt", 1)


AFTER_PAYMENT = {
    "paid": Row(lambda story: None, "paid", True, "valid"),
    "partial refund": Row(
        lambda story: story.far_end.refund(story.session_id, 100), "partly_refunded", True, "valid", ("refund", 1)
    ),
    "full refund": Row(give_back, "refunded", False, "revoked", ("refund", 1)),
    "refund failed": Row(refund_fails, "paid", True, "valid"),
    "dispute opened": Row(opened, "disputed", False, "revoked"),
    "dispute won": Row(closed("won"), "paid", True, "valid"),
    "dispute lost": Row(closed("lost"), "lost", False, "revoked"),
}


@pytest.mark.parametrize("told", [True, False], ids=["told", "every event lost"])
@pytest.mark.parametrize("graduated", [False, True], ids=["before the certificate", "after it"])
@pytest.mark.parametrize("row", AFTER_PAYMENT)
def test_w8_what_follows_a_payment(world: World, row: str, graduated: bool, told: bool) -> None:
    story, wanted = Story(world, told), AFTER_PAYMENT[row]
    pay(story)
    assert (story.status, story.enrolled) == ("paid", True)
    if graduated:
        story.graduate()
        assert story.certificates == ["valid"]
    wanted.happens(story)
    story.hear()
    story.hear()
    assert (story.status, story.enrolled) == (wanted.status, wanted.enrolled)
    assert story.certificates == ([wanted.certificate] if graduated else [])
    kind, count = wanted.mails
    assert story.mails(kind) == count


def later(story: Story) -> None:
    story.far_end.pay(story.session_id, "later")


def bounced(story: Story) -> None:
    later(story)
    story.far_end.settle(story.session_id, "failed")


def canceled(story: Story) -> None:
    later(story)
    story.hear()
    story.far_end.cancel_payment(story.session_id)


def expired(story: Story) -> None:
    story.far_end.client.v1.checkout.sessions.expire(story.session_id)


def misfit(story: Story) -> None:
    story.shop.sql("UPDATE orders SET amount = 1 WHERE id = :id", id=story.order["id"])
    story.far_end.pay(story.session_id)


def cancelled(story: Story) -> None:
    url = f"/api/v1/payments/orders/{story.order['id']}/cancel"
    assert story.world.caller("billing", story.user_id).post(url).status_code == 200


WITHOUT_PAYMENT = {
    "delayed": (later, "pending"),
    "bounced": (bounced, "failed"),
    "canceled": (canceled, "failed"),
    "expired": (expired, "failed"),
    "mismatch": (misfit, "review"),
    "cancelled": (cancelled, "cancelled"),
}


@pytest.mark.parametrize("told", [True, False], ids=["told", "every event lost"])
@pytest.mark.parametrize("row", WITHOUT_PAYMENT)
def test_w8_without_a_payment_that_fits_there_is_no_access(world: World, row: str, told: bool) -> None:
    story, (happens, status) = Story(world, told), WITHOUT_PAYMENT[row]
    happens(story)
    story.hear()
    assert (story.status, story.enrolled, story.certificates) == (status, False, [])
    assert (story.mails("receipt"), story.mails("payment_failed")) == (0, int(status == "failed"))


@pytest.mark.parametrize("told", [True, False], ids=["told", "every event lost"])
def test_w8_of_two_payments_for_one_course_one_can_go_back_and_the_access_stays(world: World, told: bool) -> None:
    story = Story(world, told)
    pay(story)
    give_back(story)
    story.hear()
    first, first_session = story.order, story.session_id
    story.order, story.session_id = story.buy()
    pay(story)
    story.graduate()
    story.far_end.fail_refund(story.refund)
    story.order, story.session_id = first, first_session
    story.hear()
    assert (story.status, story.shop.order(first["id"])["surplus"]) == ("paid", True)
    give_back(story)
    story.hear()
    assert (story.status, story.enrolled, story.certificates) == ("refunded", True, ["valid"])
