"""Money going back: by refund and by dispute."""

import pytest
import stripe

from ops.stripe_simulator.tests.harness import Receiver, RunningSimulator, order_params, wait_until


@pytest.fixture
def intent(client: stripe.StripeClient, simulator: RunningSimulator) -> str:
    """A paid order's PaymentIntent."""
    session = simulator.pay(client.v1.checkout.sessions.create(order_params()).id)["session"]
    return str(session["payment_intent"])


def charge_of(client: stripe.StripeClient, intent: str) -> stripe.Charge:
    charge = client.v1.payment_intents.retrieve(intent, {"expand": ["latest_charge"]}).latest_charge
    assert isinstance(charge, stripe.Charge)
    return charge


def test_full_refund_empties_the_charge(client: stripe.StripeClient, intent: str, receiver: Receiver) -> None:
    refund = client.v1.refunds.create({"payment_intent": intent, "reason": "requested_by_customer"})
    assert (refund.amount, refund.status, refund.payment_intent) == (4900, "succeeded", intent)
    assert client.v1.refunds.retrieve(refund.id).reason == "requested_by_customer"
    charge = charge_of(client, intent)
    assert (charge.refunded, charge.amount_refunded) == (True, 4900)
    wait_until(lambda: {"refund.created", "charge.refunded"} <= set(receiver.kinds()))
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.refunds.create({"charge": charge.id})
    assert caught.value.code == "charge_already_refunded"


def test_partial_refunds_add_up_and_never_exceed_the_charge(client: stripe.StripeClient, intent: str) -> None:
    made = [client.v1.refunds.create({"payment_intent": intent, "amount": amount}).id for amount in (900, 1000)]
    charge = charge_of(client, intent)
    assert (charge.refunded, charge.amount_refunded) == (False, 1900)
    with pytest.raises(stripe.InvalidRequestError, match=r"40\.00 USD.*30\.00 USD"):
        client.v1.refunds.create({"payment_intent": intent, "amount": 4000})
    assert [refund.id for refund in client.v1.refunds.list({"charge": charge.id}).data] == made[::-1]


def test_pending_refund_is_settled_on_demand(
    client: stripe.StripeClient, simulator: RunningSimulator, intent: str, receiver: Receiver
) -> None:
    simulator.control("PUT", "/controls/refunds", {"status": "pending"})
    refund = client.v1.refunds.create({"payment_intent": intent})
    assert refund.status == "pending"
    simulator.control("POST", f"/refunds/{refund.id}/settle", {"outcome": "succeeded"})
    assert client.v1.refunds.retrieve(refund.id).status == "succeeded"
    wait_until(lambda: "refund.updated" in receiver.kinds())


def test_failing_refund_gives_the_money_back_to_the_charge(
    client: stripe.StripeClient, simulator: RunningSimulator, intent: str, receiver: Receiver
) -> None:
    simulator.control("PUT", "/controls/refunds", {"status": "failed"})
    refund = client.v1.refunds.create({"payment_intent": intent})
    assert refund.status == "pending"
    failed = client.v1.refunds.retrieve(refund.id)
    assert (failed.status, failed.failure_reason) == ("failed", "expired_or_canceled_card")
    assert charge_of(client, intent).amount_refunded == 0
    wait_until(lambda: {"refund.created", "refund.updated", "refund.failed"} <= set(receiver.kinds()))


def test_succeeded_refund_may_still_fail_once(
    client: stripe.StripeClient, simulator: RunningSimulator, intent: str
) -> None:
    refund = client.v1.refunds.create({"payment_intent": intent})
    simulator.control("POST", f"/refunds/{refund.id}/settle", {"outcome": "failed"})
    again = simulator.http.post(f"/_simulator/refunds/{refund.id}/settle", json={"outcome": "failed"})
    assert again.status_code == 400
    assert charge_of(client, intent).refunded is False


def test_unpaid_money_cannot_be_refunded(client: stripe.StripeClient, simulator: RunningSimulator) -> None:
    session = simulator.pay(client.v1.checkout.sessions.create(order_params()).id, "later")["session"]
    with pytest.raises(stripe.InvalidRequestError, match="has not succeeded"):
        client.v1.refunds.create({"payment_intent": session["payment_intent"]})
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.refunds.create({})
    assert caught.value.code == "parameter_missing"


@pytest.mark.parametrize("outcome", ["won", "lost"])
def test_dispute_is_opened_and_closed_on_demand(
    client: stripe.StripeClient, simulator: RunningSimulator, intent: str, receiver: Receiver, outcome: str
) -> None:
    dispute = simulator.control("POST", "/disputes", {"payment": intent})
    assert client.v1.disputes.retrieve(dispute["id"]).status == "needs_response"
    assert charge_of(client, intent).disputed
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.refunds.create({"payment_intent": intent})
    assert caught.value.code == "charge_disputed"
    simulator.control("POST", f"/disputes/{dispute['id']}/close", {"outcome": outcome})
    assert [found.status for found in client.v1.disputes.list({"payment_intent": intent}).data] == [outcome]
    wait_until(lambda: {"charge.dispute.created", "charge.dispute.closed"} <= set(receiver.kinds()))


def test_ledger_tells_every_movement(client: stripe.StripeClient, simulator: RunningSimulator, intent: str) -> None:
    client.v1.refunds.create({"payment_intent": intent, "amount": 900})
    books = simulator.control("GET", "/ledger")
    assert books["sessions"][0]["client_reference_id"] == "order-1"
    assert books["sessions"][0]["metadata"] == {"order_id": "order-1"}
    assert [(row["amount_captured"], row["amount_refunded"]) for row in books["charges"]] == [(4900, 900)]
    assert [row["amount"] for row in books["refunds"]] == [900]
    assert simulator.control("POST", "/reset")["forgotten"]["charge"] == 1
    assert simulator.control("GET", "/ledger") == {"sessions": [], "charges": [], "refunds": [], "disputes": []}
