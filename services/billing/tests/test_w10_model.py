"""W10: whatever people, Stripe and the network do in whatever order, the order is what a small model says it is."""

from random import Random
from typing import Any, ClassVar

import hypothesis
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from services.billing.check_ledger import find_faults
from services.billing.tests.scale import scaled
from services.billing.tests.shop import Shop
from services.billing.tests.test_timeline import steps
from shared.events import PaymentSucceeded

PRICE = 4900


class Selling(RuleBasedStateMachine):
    """One learner and one course. The model is what is true at Stripe; billing may learn of it late, twice, in any
    order or by the jobs alone, and when it has heard, its order must follow from it."""

    shop: ClassVar[Shop]

    @initialize()
    def open_shop(self) -> None:
        self.caller, self.course = self.shop.harness.caller(), self.shop.sell(PRICE)
        self.take_up(self.shop.checkout(self.caller, self.course).json())

    def take_up(self, order: dict[str, Any]) -> None:
        """The story goes on with this order; what is told of an earlier one no longer matters to it."""
        self.order_id, self.session_id = order["id"], order["checkout_url"].rsplit("/", 1)[1]
        # The page is open; a card was declined on it; a bank debit is under way; nobody can pay any more.
        self.open, self.tried, self.under_way, self.over = True, False, False, False
        self.paid, self.refunds, self.dispute, self.dispute_status = False, dict[str, int](), "", ""
        self.heard = True

    def events(self) -> list[dict[str, Any]]:
        """All events of the session in one order: those of a second come in any, but a story must be repeatable."""
        return sorted(self.shop.far_end.events_of(self.session_id), key=lambda event: event["type"])

    def happened(self) -> None:
        """Something at Stripe, of which billing need not know yet."""
        self.heard = False

    @property
    def refunded(self) -> int:
        return sum(self.refunds.values())

    @property
    def expected(self) -> str:
        if self.paid and self.refunded >= PRICE:
            return "refunded"
        if self.dispute_status in ("open", "lost"):
            return "disputed" if self.dispute_status == "open" else "lost"
        if self.paid:
            return "partly_refunded" if self.refunded else "paid"
        return "failed" if self.over else "pending"

    @rule()
    def click_again(self) -> None:
        """A second click makes no second order, unless billing knows that the first came to nothing or went back."""
        known = self.shop.order(self.order_id)["status"]
        answer = self.shop.checkout(self.caller, self.course)
        if answer.status_code == 201:
            assert known in ("failed", "refunded", "lost")
            self.take_up(answer.json())
        else:
            assert answer.status_code in (200, 409)

    @precondition(lambda self: self.open)
    @rule(method=st.sampled_from(["card", "later", "decline"]))
    def pay(self, method: str) -> None:
        self.shop.far_end.pay(self.session_id, method)
        self.open, self.tried = method == "decline", True
        self.paid, self.under_way = method == "card", method == "later"
        self.happened()

    @precondition(lambda self: self.under_way)
    @rule(outcome=st.sampled_from(["succeeded", "failed"]))
    def settle(self, outcome: str) -> None:
        self.shop.far_end.settle(self.session_id, outcome)
        self.under_way, self.paid, self.over = False, outcome == "succeeded", outcome == "failed"
        self.happened()

    @precondition(lambda self: self.under_way or (self.open and self.tried))
    @rule()
    def cancel_payment(self) -> None:
        self.shop.far_end.cancel_payment(self.session_id)
        self.open, self.under_way, self.over = False, False, True
        self.happened()

    @precondition(lambda self: self.open)
    @rule()
    def expire(self) -> None:
        self.shop.far_end.client.v1.checkout.sessions.expire(self.session_id)
        self.open, self.over = False, True
        self.happened()

    @precondition(lambda self: self.paid and self.refunded < PRICE and self.dispute_status in ("", "won"))
    @rule(part=st.sampled_from([100, 1700, PRICE]))
    def refund(self, part: int) -> None:
        amount = min(part, PRICE - self.refunded)
        self.refunds[self.shop.far_end.refund(self.session_id, amount)] = amount
        self.happened()

    @precondition(lambda self: self.refunds and self.dispute_status in ("", "won"))
    @rule(data=st.data())
    def refund_fails(self, data: st.DataObject) -> None:
        refund = data.draw(st.sampled_from(sorted(self.refunds)))
        self.shop.far_end.fail_refund(refund)
        del self.refunds[refund]
        self.happened()

    @precondition(lambda self: self.paid and not self.refunds and not self.dispute_status)
    @rule()
    def open_dispute(self) -> None:
        self.dispute, self.dispute_status = self.shop.far_end.dispute(self.session_id), "open"
        self.happened()

    @precondition(lambda self: self.dispute_status == "open")
    @rule(outcome=st.sampled_from(["won", "lost"]))
    def close_dispute(self, outcome: str) -> None:
        self.shop.far_end.close_dispute(self.dispute, outcome)
        self.dispute_status = outcome
        self.happened()

    @rule(chance=st.randoms(use_true_random=False), copies=st.integers(1, 3))
    def deliver(self, chance: Random, copies: int) -> None:
        """All events, shuffled and repeated."""
        events = self.events() * copies
        chance.shuffle(events)
        self.shop.deliver(*events)
        self.heard = True

    @rule()
    def deliver_one(self) -> None:
        """One event alone: it may be the least of them, but what it points at is looked up as it is."""
        self.shop.deliver(*self.events()[:1])

    @rule()
    def reconcile(self) -> None:
        """No event at all: the jobs find it."""
        age: dict[str, Any] = {"id": self.order_id}
        self.shop.sql("UPDATE orders SET created_at = now() - interval '11 minutes' WHERE id = :id", **age)
        self.shop.run_job("reconcile")
        self.shop.run_job("pull-events")
        self.shop.work()
        self.heard = True

    @rule()
    def worker_dies(self) -> None:
        """Its leases run out, and what it had begun is due again."""
        again = "UPDATE inbox SET next_attempt_at = now() WHERE status = 'pending'"
        self.shop.sql(again)
        self.shop.work()

    @invariant()
    def billing_says_what_the_model_says(self) -> None:
        if self.heard:
            assert self.shop.order(self.order_id)["status"] == self.expected

    @invariant()
    def success_is_told_at_most_once(self) -> None:
        assert len(self.shop.told(self.order_id, PaymentSucceeded)) <= 1

    @invariant()
    def each_step_of_the_payment_is_noted_at_most_once(self) -> None:
        noted = steps(self.caller, self.order_id)
        assert max(noted.count(step) for step in ("payment_processing", "money_received", "failed")) <= 1

    def teardown(self) -> None:
        assert find_faults(self.shop.harness.database) == []
        # Out of the jobs' sight, or each story would take longer than the one before.
        self.shop.sql("UPDATE orders SET created_at = now() + interval '1 day' WHERE status = 'pending'")
        self.shop.sql("UPDATE inbox SET status = 'done' WHERE status = 'pending'")
        self.shop.far_end.control("POST", "/reset")


@pytest.mark.parametrize("seed", range(scaled(2, full=100)))
def test_w10_the_order_follows_the_model(own_shop: Shop, seed: int) -> None:
    Selling.shop = own_shop
    settings = hypothesis.settings(
        max_examples=scaled(4, full=20),
        stateful_step_count=scaled(20, full=50),
        deadline=None,
        suppress_health_check=list(hypothesis.HealthCheck),
        print_blob=True,
    )
    run_state_machine_as_test(hypothesis.seed(seed)(Selling), settings=settings)
