"""Sessions, intents and charges as the official SDK sees them."""

import time

import pytest
import stripe

from ops.stripe_simulator.settings import API_VERSION
from ops.stripe_simulator.tests.harness import Receiver, RunningSimulator, order_params, wait_until


def test_simulated_version_is_the_one_the_sdk_pins() -> None:
    assert stripe._api_version._ApiVersion.CURRENT == API_VERSION


def test_new_session_is_open_unpaid_and_priced_from_its_items(
    client: stripe.StripeClient, simulator: RunningSimulator
) -> None:
    session = client.v1.checkout.sessions.create(order_params())
    assert session.id.startswith("cs_test_")
    assert (session.status, session.payment_status, session.livemode) == ("open", "unpaid", False)
    assert (session.amount_total, session.currency) == (4900, "usd")
    assert session.client_reference_id == "order-1"
    assert session.metadata is not None
    assert session.metadata.to_dict() == {"order_id": "order-1"}
    assert session.url == f"{simulator.url}/pay/{session.id}"
    assert session.expires_at == session.created + 24 * 60 * 60
    assert session.payment_intent is None


def test_paid_session_expands_down_to_its_charge(client: stripe.StripeClient, simulator: RunningSimulator) -> None:
    session = client.v1.checkout.sessions.create(order_params())
    redirect = simulator.pay(session.id)["redirect"]
    paid = client.v1.checkout.sessions.retrieve(
        session.id, {"expand": ["payment_intent.latest_charge.refunds", "line_items"]}
    )
    assert redirect == f"https://shop.example/done?session={session.id}"
    assert (paid.status, paid.payment_status, paid.url) == ("complete", "paid", None)
    assert isinstance(paid.payment_intent, stripe.PaymentIntent)
    charge = paid.payment_intent.latest_charge
    assert isinstance(charge, stripe.Charge)
    assert (charge.status, charge.amount_captured, charge.paid) == ("succeeded", 4900, True)
    assert charge.refunds is not None
    assert charge.refunds.data == []
    assert paid.line_items is not None
    assert paid.line_items.data[0].description == "Algebra for grown-ups"


def test_intent_and_charge_are_read_by_id_and_listed(client: stripe.StripeClient, simulator: RunningSimulator) -> None:
    session = simulator.pay(client.v1.checkout.sessions.create(order_params()).id)["session"]
    intent = client.v1.payment_intents.retrieve(session["payment_intent"])
    charge = client.v1.charges.retrieve(str(intent.latest_charge), {"expand": ["payment_intent"]})
    assert isinstance(charge.payment_intent, stripe.PaymentIntent)
    assert intent.amount_received == charge.amount == 4900
    assert [found.id for found in client.v1.payment_intents.list().data] == [intent.id]
    assert [found.id for found in client.v1.charges.list({"payment_intent": intent.id}).data] == [charge.id]
    found = client.v1.checkout.sessions.list({"payment_intent": intent.id})
    assert [other.id for other in found.data] == [session["id"]]


def test_list_filtered_by_an_intent_that_does_not_exist_is_an_error(client: stripe.StripeClient) -> None:
    v1 = client.v1
    for listing in (v1.checkout.sessions.list, v1.refunds.list, v1.disputes.list, v1.charges.list):
        with pytest.raises(stripe.InvalidRequestError, match="No such payment_intent") as caught:
            listing({"payment_intent": "pi_unknown"})
        assert (caught.value.code, caught.value.param) == ("resource_missing", "payment_intent")


def test_declined_card_leaves_the_session_open_for_another_try(
    client: stripe.StripeClient, simulator: RunningSimulator, receiver: Receiver
) -> None:
    session = client.v1.checkout.sessions.create(order_params())
    declined = simulator.pay(session.id, "decline")
    intent = client.v1.payment_intents.retrieve(declined["session"]["payment_intent"])
    assert declined["session"]["status"] == "open"
    assert intent.status == "requires_payment_method"
    assert intent.last_payment_error is not None
    assert intent.last_payment_error.code == "card_declined"
    paid = simulator.pay(session.id)["session"]
    assert paid["payment_intent"] == intent.id
    wait_until(lambda: "checkout.session.completed" in receiver.kinds())
    assert "payment_intent.payment_failed" in receiver.kinds()


@pytest.mark.parametrize(("outcome", "payment_status"), [("succeeded", "paid"), ("failed", "unpaid")])
def test_delayed_payment_completes_unpaid_and_ends_on_demand(
    client: stripe.StripeClient, simulator: RunningSimulator, receiver: Receiver, outcome: str, payment_status: str
) -> None:
    session = client.v1.checkout.sessions.create(order_params())
    later = simulator.pay(session.id, "later")["session"]
    assert (later["status"], later["payment_status"]) == ("complete", "unpaid")
    assert client.v1.payment_intents.retrieve(later["payment_intent"]).status == "processing"
    simulator.control("POST", f"/sessions/{session.id}/settle", {"outcome": outcome})
    assert client.v1.checkout.sessions.retrieve(session.id).payment_status == payment_status
    wait_until(lambda: f"checkout.session.async_payment_{outcome}" in receiver.kinds())


def test_expired_session_cannot_be_paid_or_expired_again(
    client: stripe.StripeClient, simulator: RunningSimulator, receiver: Receiver
) -> None:
    session = client.v1.checkout.sessions.create(order_params())
    assert client.v1.checkout.sessions.expire(session.id).status == "expired"
    with pytest.raises(stripe.InvalidRequestError, match="status of expired"):
        client.v1.checkout.sessions.expire(session.id)
    answer = simulator.http.post(f"/_simulator/sessions/{session.id}/pay", json={})
    assert answer.status_code == 400
    wait_until(lambda: receiver.kinds() == ["checkout.session.expired"])


def test_second_payment_of_one_session_is_refused(client: stripe.StripeClient, simulator: RunningSimulator) -> None:
    session = client.v1.checkout.sessions.create(order_params())
    simulator.pay(session.id)
    assert simulator.http.post(f"/_simulator/sessions/{session.id}/pay", json={}).status_code == 400
    assert len(simulator.control("GET", "/ledger")["charges"]) == 1


def test_expiry_outside_thirty_minutes_to_a_day_is_refused(client: stripe.StripeClient) -> None:
    for seconds in (29 * 60, 24 * 60 * 60 + 60):
        with pytest.raises(stripe.InvalidRequestError, match="expires_at") as caught:
            client.v1.checkout.sessions.create(order_params(expires_at=int(time.time()) + seconds))
        assert caught.value.param == "expires_at"
    wanted = int(time.time()) + 31 * 60
    assert client.v1.checkout.sessions.create(order_params(expires_at=wanted)).expires_at == wanted


def test_delayed_payment_is_told_while_it_is_under_way_and_when_it_is_canceled(
    client: stripe.StripeClient, simulator: RunningSimulator, receiver: Receiver
) -> None:
    session = client.v1.checkout.sessions.create(order_params())
    intent_id = simulator.pay(session.id, "later")["session"]["payment_intent"]
    wait_until(lambda: sorted(receiver.kinds()) == ["checkout.session.completed", "payment_intent.processing"])
    canceled = simulator.control("POST", f"/intents/{intent_id}/cancel", {"reason": "automatic"})
    intent = client.v1.payment_intents.retrieve(intent_id, {"expand": ["latest_charge"]})
    assert (intent.status, intent.cancellation_reason, intent.canceled_at) == (
        "canceled",
        "automatic",
        canceled["canceled_at"],
    )
    assert isinstance(intent.latest_charge, stripe.Charge)
    assert intent.latest_charge.status == "failed"
    wait_until(lambda: receiver.kinds().count("payment_intent.canceled") == 1)
    for act, body in ((f"/intents/{intent_id}/cancel", {}), (f"/sessions/{session.id}/settle", {"outcome": "failed"})):
        assert simulator.http.post(f"/_simulator{act}", json=body).status_code == 400


def test_canceled_intent_of_an_open_session_takes_no_money_and_expires_once(
    client: stripe.StripeClient, simulator: RunningSimulator, receiver: Receiver
) -> None:
    session = client.v1.checkout.sessions.create(order_params())
    intent_id = simulator.pay(session.id, "decline")["session"]["payment_intent"]
    simulator.control("POST", f"/intents/{intent_id}/cancel", {})
    answer = simulator.http.post(f"/_simulator/sessions/{session.id}/pay", json={})
    assert (answer.status_code, "canceled" in answer.text) == (400, True)
    client.v1.checkout.sessions.expire(session.id)
    wait_until(lambda: "checkout.session.expired" in receiver.kinds())
    assert receiver.kinds().count("payment_intent.canceled") == 1


def test_expired_session_takes_its_intent_along_and_an_arrived_payment_is_never_canceled(
    client: stripe.StripeClient, simulator: RunningSimulator, receiver: Receiver
) -> None:
    session = client.v1.checkout.sessions.create(order_params())
    simulator.pay(session.id, "decline")
    client.v1.checkout.sessions.expire(session.id)
    wait_until(lambda: {"checkout.session.expired", "payment_intent.canceled"} <= {*receiver.kinds()})
    paid = client.v1.checkout.sessions.create(order_params())
    intent_id = simulator.pay(paid.id)["session"]["payment_intent"]
    assert simulator.http.post(f"/_simulator/intents/{intent_id}/cancel", json={}).status_code == 400
    assert simulator.http.post("/_simulator/intents/pi_unknown/cancel", json={}).status_code == 404
