"""The API's bad days, as the SDK feels them."""

from typing import Any

import pytest
import stripe

from ops.stripe_simulator.tests.harness import RunningSimulator, headers_of, order_params

KEY: stripe.RequestOptions = {"idempotency_key": "order:1:session:1"}


def break_api(simulator: RunningSimulator, kind: str, **details: Any) -> None:
    simulator.control("PUT", "/controls/faults", {"seed": 1, "faults": [{"kind": kind, **details}]})


def sessions(simulator: RunningSimulator) -> int:
    return len(simulator.control("GET", "/ledger")["sessions"])


@pytest.mark.parametrize(
    ("kind", "error", "status"),
    [
        ("500", stripe.APIError, 500),
        ("429", stripe.RateLimitError, 429),
        ("409", stripe.APIError, 409),
        ("card_declined", stripe.CardError, 402),
        ("reset", stripe.APIConnectionError, None),
    ],
)
def test_fault_before_execution_changes_nothing(
    client: stripe.StripeClient, simulator: RunningSimulator, kind: str, error: type[Exception], status: int | None
) -> None:
    break_api(simulator, kind)
    with pytest.raises(error) as caught:
        client.v1.checkout.sessions.create(order_params())
    assert getattr(caught.value, "http_status", None) == status
    assert sessions(simulator) == 0


def test_reset_after_success_has_its_effect_and_a_retry_finds_it(
    client: stripe.StripeClient, simulator: RunningSimulator
) -> None:
    break_api(simulator, "reset_after_success", times=1)
    with pytest.raises(stripe.APIConnectionError):
        client.v1.checkout.sessions.create(order_params(), KEY)
    assert sessions(simulator) == 1
    again = client.v1.checkout.sessions.create(order_params(), KEY)
    assert headers_of(again)["Idempotent-Replayed"] == "true"
    assert sessions(simulator) == 1


def test_stored_500_is_replayed_although_the_session_exists(
    client: stripe.StripeClient, simulator: RunningSimulator
) -> None:
    break_api(simulator, "500_after_success", times=1)
    for _ in range(2):
        with pytest.raises(stripe.APIError):
            client.v1.checkout.sessions.create(order_params(), KEY)
    found = client.v1.checkout.sessions.list().data
    assert [session.client_reference_id for session in found] == ["order-1"]


def test_retries_of_the_sdk_overcome_a_passing_fault_with_one_effect(simulator: RunningSimulator) -> None:
    break_api(simulator, "reset_after_success", times=2)
    simulator.client(retries=2).v1.checkout.sessions.create(order_params())
    assert sessions(simulator) == 1


def test_fault_strikes_only_where_it_is_aimed_and_counts(
    client: stripe.StripeClient, simulator: RunningSimulator
) -> None:
    break_api(simulator, "500", method="POST", path="/v1/refunds")
    client.v1.checkout.sessions.create(order_params())
    with pytest.raises(stripe.APIError):
        client.v1.refunds.create({"payment_intent": "pi_any"})
    assert simulator.control("GET", "/controls")["faults"]["faults"][0]["struck"] == 1


def test_same_seed_strikes_the_same_calls(client: stripe.StripeClient, simulator: RunningSimulator) -> None:
    def pattern() -> list[bool]:
        break_api(simulator, "429", probability=0.5)
        struck = []
        for _ in range(12):
            try:
                client.v1.events.list()
                struck.append(False)
            except stripe.RateLimitError:
                struck.append(True)
        return struck

    first = pattern()
    assert len(set(first)) == 2
    assert pattern() == first


def test_misspelt_fault_is_refused(simulator: RunningSimulator) -> None:
    plans: list[dict[str, Any]] = [
        {"faults": [{"kind": "earthquake"}]},
        {"fault": []},
        {"faults": [{"kind": "500", "chance": 1}]},
    ]
    for plan in plans:
        assert simulator.http.put("/_simulator/controls/faults", json=plan).status_code == 422
