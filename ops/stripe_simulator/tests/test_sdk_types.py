"""What the simulator says is what the official SDK's types describe, for every kind of event that billing handles."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import stripe

from ops.stripe_simulator.tests.harness import RunningSimulator, order_params
from ops.stripe_simulator.tests.sdk_types import OBJECTS, misfits
from services.billing.stripe_events import HANDLED_TYPES

Client = stripe.StripeClient


def opened(client: Client, **changes: Any) -> str:
    return client.v1.checkout.sessions.create(order_params(**changes)).id


def paid(client: Client, simulator: RunningSimulator, method: str = "card") -> str:
    session_id = opened(client, automatic_tax={"enabled": True})
    return str(simulator.pay(session_id, method)["session"]["payment_intent"])


def by_card(client: Client, simulator: RunningSimulator) -> None:
    paid(client, simulator)


def declined(client: Client, simulator: RunningSimulator) -> None:
    paid(client, simulator, "decline")


def delayed(client: Client, simulator: RunningSimulator) -> None:
    for outcome in ("succeeded", "failed"):
        session_id = opened(client)
        simulator.pay(session_id, "later")
        simulator.control("POST", f"/sessions/{session_id}/settle", {"outcome": outcome})


def canceled(client: Client, simulator: RunningSimulator) -> None:
    intent = paid(client, simulator, "later")
    simulator.control("POST", f"/intents/{intent}/cancel", {"reason": "automatic"})


def expired(client: Client, simulator: RunningSimulator) -> None:
    session_id = opened(client)
    simulator.pay(session_id, "decline")
    client.v1.checkout.sessions.expire(session_id)


def refunded(client: Client, simulator: RunningSimulator) -> None:
    for status in ("succeeded", "pending", "failed"):
        intent = paid(client, simulator)
        simulator.control("PUT", "/controls/refunds", {"status": status})
        refund = client.v1.refunds.create({"payment_intent": intent, "amount": 900, "metadata": {"request_id": "1"}})
        if status == "pending":
            simulator.control("POST", f"/refunds/{refund.id}/settle", {"outcome": "succeeded"})


def disputed(client: Client, simulator: RunningSimulator) -> None:
    for outcome in ("won", "lost"):
        dispute = simulator.control("POST", "/disputes", {"payment": paid(client, simulator)})
        simulator.control("POST", f"/disputes/{dispute['id']}/close", {"outcome": outcome})


STORIES: tuple[Callable[[Client, RunningSimulator], None], ...] = (
    by_card,
    declined,
    delayed,
    canceled,
    expired,
    refunded,
    disputed,
)


def told(client: Client) -> list[dict[str, Any]]:
    return [json.loads(str(event)) for event in client.v1.events.list({"limit": 100}).auto_paging_iter()]


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_every_event_and_what_it_is_about_fits_the_sdks_classes(
    client: Client, simulator: RunningSimulator, story: Callable[[Client, RunningSimulator], None]
) -> None:
    story(client, simulator)
    events = told(client)
    found = []
    for event in events:
        subject = event["data"]["object"]
        found += misfits(event, stripe.Event, "event") + misfits(subject, OBJECTS[subject["object"]], event["type"])
    assert events
    assert sorted(set(found)) == []


def test_the_stories_tell_every_kind_of_event_that_billing_handles(client: Client, simulator: RunningSimulator) -> None:
    for story in STORIES:
        story(client, simulator)
    assert {event["type"] for event in told(client)} >= HANDLED_TYPES


def test_what_is_read_with_its_parts_fits_too(client: Client, simulator: RunningSimulator) -> None:
    for story in STORIES:
        story(client, simulator)
    deep = {"expand": ["data.payment_intent.latest_charge.balance_transaction", "data.line_items"], "limit": 100}
    parts = {"expand": ["data.balance_transaction"], "limit": 100}
    v1 = client.v1
    lists: dict[str, Any] = {
        "sessions": (v1.checkout.sessions.list(deep), stripe.checkout.Session),  # type: ignore[arg-type]
        "charges": (v1.charges.list(parts), stripe.Charge),  # type: ignore[arg-type]
        "refunds": (v1.refunds.list(parts), stripe.Refund),  # type: ignore[arg-type]
        "disputes": (v1.disputes.list(), stripe.Dispute),
        "intents": (v1.payment_intents.list(), stripe.PaymentIntent),
        "balance transactions": (v1.balance_transactions.list(), stripe.BalanceTransaction),
    }
    found = []
    for name, (answer, cls) in lists.items():
        listed = json.loads(str(answer))
        assert listed["data"], name
        found += [line for item in listed["data"] for line in misfits(item, cls, name)]
    assert sorted(set(found)) == []


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        ({"amount": "4900"}, "refund.amount: '4900' is not int"),
        ({"amount": True}, "refund.amount: True is not int"),
        ({"amuont": 1}, "refund.amuont: the SDK knows no such field"),
        ({"object": "refnd"}, "refund.object: 'refnd' is none of ('refund',)"),
        ({"metadata": {"a": 1}}, "refund.metadata.a: 1 is not str"),
        ({"id": None}, "refund.id: None is not str"),
    ],
)
def test_a_wrong_name_or_type_is_found(
    client: Client, simulator: RunningSimulator, change: dict[str, Any], finding: str
) -> None:
    refund = json.loads(str(client.v1.refunds.create({"payment_intent": paid(client, simulator)})))
    assert misfits(refund, stripe.Refund, "refund") == []
    assert misfits({**refund, **change}, stripe.Refund, "refund") == [finding]
    assert misfits({name: refund[name] for name in refund if name != "id"}, stripe.Refund, "refund") == [
        "refund.id: is missing"
    ]
