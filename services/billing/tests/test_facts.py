"""The truth table as a pure function: whatever the order of arrival, one final state."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import permutations
from typing import Any

import pytest

from services.billing.facts import Announcement, Facts, announcements, merge_sighting, order_status
from services.billing.sightings import Dispute, Refund, Sighting
from shared.events import DisputeClosed, PaymentDisputed, PaymentFailed, PaymentRefunded, PaymentSucceeded

OWED = Facts(4900, "USD")
PAID_AT = datetime(2026, 1, 2, tzinfo=UTC)
UNPAID = Sighting("cs_1", None, {}, 4900, "USD")
PAID = replace(UNPAID, paid_at=PAID_AT)
UNDER_WAY = replace(UNPAID, processing_at=PAID_AT)
BOUNCED, CANCELED, EXPIRED = (
    replace(UNPAID, failure=name) for name in ("payment_failed", "payment_canceled", "session_expired")
)


def seen(**facts: Any) -> Sighting:
    return replace(PAID, **facts)


def refund(amount: int, status: str = "succeeded", name: str = "re_1") -> dict[str, Refund]:
    return {name: Refund(amount, status)}


def dispute(status: str, name: str = "du_1") -> dict[str, Dispute]:
    return {name: Dispute(4900, status, "fraudulent")}


def after(*sightings: Sighting) -> Facts:
    facts = OWED
    for sighting in sightings:
        facts = merge_sighting(facts, sighting, own=True)
    return facts


def news(*sightings: Sighting) -> list[Announcement]:
    facts, told = OWED, []
    for sighting in sightings:
        merged = merge_sighting(facts, sighting, own=True)
        told += announcements(facts, merged)
        facts = merged
    return told


TRUTH = {
    "nothing known": ([], "pending"),
    "completed, unpaid": ([UNPAID], "pending"),
    "paid": ([PAID], "paid"),
    "paid too little": ([seen(amount=4899)], "review"),
    "paid in another currency": ([seen(currency="EUR")], "review"),
    "expired": ([replace(UNPAID, failure="session_expired")], "failed"),
    "bounced": ([replace(UNPAID, failure="payment_failed")], "failed"),
    "under way": ([UNDER_WAY], "pending"),
    "under way, then canceled": ([UNDER_WAY, CANCELED], "failed"),
    "canceled, seen before it was under way": ([CANCELED, UNDER_WAY], "failed"),
    "canceled, and paid after all": ([CANCELED, PAID], "paid"),
    "paid after all": ([replace(UNPAID, failure="payment_failed"), PAID], "paid"),
    "partial refund": ([seen(refunds=refund(100))], "partly_refunded"),
    "two refunds, together all": ([seen(refunds=refund(4800) | refund(100, name="re_2"))], "refunded"),
    "full refund": ([seen(refunds=refund(4900))], "refunded"),
    "full refund before paid": ([replace(UNPAID, refunds=refund(4900))], "refunded"),
    "refund on its way": ([seen(refunds=refund(4900, "pending"))], "refund_pending"),
    "refund failed": ([seen(refunds=refund(4900)), seen(refunds=refund(4900, "failed"))], "paid"),
    "dispute opened": ([seen(disputes=dispute("open"))], "disputed"),
    "dispute won": ([seen(disputes=dispute("open")), seen(disputes=dispute("won"))], "paid"),
    "dispute lost": ([seen(disputes=dispute("lost"))], "lost"),
    "one dispute won, another open": ([seen(disputes=dispute("won") | dispute("open", "du_2"))], "disputed"),
    "wrong amount given back": ([seen(amount=4899, refunds=refund(4899))], "refunded"),
}


@pytest.mark.parametrize("row", TRUTH)
def test_each_row_of_the_truth_table_holds(row: str) -> None:
    sightings, status = TRUTH[row]
    assert order_status(after(*sightings)) == status


HISTORIES = {
    "won": [
        UNPAID,
        PAID,
        seen(refunds=refund(100, "pending")),
        seen(refunds=refund(100)),
        seen(refunds=refund(100), disputes=dispute("open")),
        seen(refunds=refund(100), disputes=dispute("won")),
    ],
    "refund fails": [
        UNPAID,
        PAID,
        seen(refunds=refund(4900, "pending")),
        seen(refunds=refund(4900)),
        seen(refunds=refund(4900, "failed")),
        seen(refunds=refund(4900, "failed") | refund(4900, name="re_2")),
    ],
    "lost": [
        replace(UNPAID, failure="payment_failed"),
        PAID,
        replace(UNPAID, refunds=refund(100)),
        replace(UNPAID, disputes=dispute("open")),
        seen(disputes=dispute("lost")),
        UNPAID,
    ],
}
FINAL = {"won": "partly_refunded", "refund fails": "refunded", "lost": "lost"}


@pytest.mark.parametrize("history", HISTORIES)
def test_w2_all_720_orders_of_arrival_end_in_the_same_state(history: str) -> None:
    ends = [after(*order) for order in permutations(HISTORIES[history])]
    assert len(ends) == 720
    assert {order_status(end) for end in ends} == {FINAL[history]}
    assert all(end == ends[0] for end in ends)


@pytest.mark.parametrize("history", HISTORIES)
def test_w2_success_and_each_dispute_are_announced_once_in_every_order_of_arrival(history: str) -> None:
    for order in permutations(HISTORIES[history]):
        # Each is seen twice: a repetition is worth no news.
        kinds = [kind for kind, _ in news(*[sighting for sighting in order for _ in range(2)])]
        assert kinds.count(PaymentSucceeded) == 1
        disputed = any(sighting.disputes for sighting in HISTORIES[history])
        assert kinds.count(PaymentDisputed) == kinds.count(DisputeClosed) == int(disputed)


@pytest.mark.parametrize(("given_up", "status"), [(False, "failed"), (True, "cancelled")])
def test_however_an_order_came_to_nothing_its_end_and_its_reason_are_the_same_in_every_order_of_arrival(
    given_up: bool, status: str
) -> None:
    owed = replace(OWED, given_up=given_up)
    for order in permutations((UNPAID, UNDER_WAY, BOUNCED, CANCELED, EXPIRED)):
        facts = owed
        for sighting in order:
            facts = merge_sighting(facts, sighting, own=True)
        assert facts == replace(
            owed, failure="cancelled" if given_up else "session_expired", processing_at=UNDER_WAY.processing_at
        )
        assert order_status(facts) == status


def test_a_payment_that_was_made_and_bounced_has_failed_although_its_order_was_given_up() -> None:
    assert order_status(merge_sighting(replace(OWED, given_up=True), BOUNCED, own=True)) == "failed"


def test_a_payment_that_does_not_fit_is_never_announced_as_success() -> None:
    assert news(seen(amount=4899)) == news(seen(currency="EUR")) == news(seen(amount=4901)) == []


def test_what_was_seen_at_once_is_told_in_the_order_it_happened() -> None:
    told = news(seen(refunds=refund(4900), disputes=dispute("lost")))
    assert [kind for kind, _ in told] == [PaymentSucceeded, PaymentRefunded, PaymentDisputed, DisputeClosed]
    assert told[1][1] == {"refunded_amount": 4900, "full": True}
    assert told[3][1] == {"dispute_id": "du_1", "won": False}


def test_a_refund_that_fails_later_is_told_as_a_smaller_total() -> None:
    told = news(PAID, seen(refunds=refund(4900)), seen(refunds=refund(4900, "failed")))
    refunds = [details for kind, details in told if kind is PaymentRefunded]
    assert refunds == [{"refunded_amount": 4900, "full": True}, {"refunded_amount": 0, "full": False}]


def test_failure_is_told_with_its_reason() -> None:
    expired = replace(UNPAID, failure="session_expired")
    assert news(expired, expired) == [(PaymentFailed, {"reason": "session_expired"})]


def test_of_a_session_that_is_not_the_orders_own_nothing_but_a_payment_is_noted() -> None:
    strays = [seen(refunds=refund(4899)), seen(disputes=dispute("lost")), replace(UNPAID, failure="session_expired")]
    facts = OWED
    for stray in strays:
        facts = merge_sighting(facts, stray, own=False)
    assert facts == replace(OWED, stray_session="cs_1")
    assert order_status(facts) == "review"
    assert order_status(merge_sighting(facts, PAID, own=True)) == "paid"


def test_a_stray_payment_that_went_back_leaves_the_order_to_its_own_session_in_every_order_of_arrival() -> None:
    looks = [(PAID, False), (seen(refunds=refund(100)), False), (seen(refunds=refund(4900)), False), (EXPIRED, True)]
    for arrival in permutations(looks):
        facts = OWED
        for sighting, own in arrival:
            facts = merge_sighting(facts, sighting, own)
        assert facts == replace(OWED, failure="session_expired", stray_session="cs_1", stray_returned=True)
        assert order_status(facts) == "failed"
