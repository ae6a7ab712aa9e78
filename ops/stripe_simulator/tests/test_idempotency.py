"""One key, one effect."""

import threading
from pathlib import Path

import pytest
import stripe

from ops.stripe_simulator.tests.harness import RunningSimulator, headers_of, order_params, running_simulator, wait_until

KEY: stripe.RequestOptions = {"idempotency_key": "order:1:session:1"}


def sessions(simulator: RunningSimulator) -> int:
    return len(simulator.control("GET", "/ledger")["sessions"])


def test_same_key_and_parameters_replay_the_first_answer(
    client: stripe.StripeClient, simulator: RunningSimulator
) -> None:
    first = client.v1.checkout.sessions.create(order_params(), KEY)
    second = client.v1.checkout.sessions.create(order_params(), KEY)
    assert first.id == second.id
    assert "Idempotent-Replayed" not in headers_of(first)
    assert headers_of(second)["Idempotent-Replayed"] == "true"
    assert headers_of(second)["Original-Request"] == headers_of(first)["Request-Id"]
    assert sessions(simulator) == 1


def test_same_key_with_other_parameters_is_an_idempotency_error(client: stripe.StripeClient) -> None:
    client.v1.checkout.sessions.create(order_params(), KEY)
    with pytest.raises(stripe.IdempotencyError, match="same parameters"):
        client.v1.checkout.sessions.create(order_params(client_reference_id="order-2"), KEY)


def test_same_key_for_another_address_is_an_idempotency_error(client: stripe.StripeClient) -> None:
    session = client.v1.checkout.sessions.create(order_params(), KEY)
    with pytest.raises(stripe.IdempotencyError, match="same endpoint"):
        client.v1.checkout.sessions.expire(session.id, {}, KEY)


def test_failed_validation_does_not_use_up_the_key(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.checkout.sessions.create(order_params(mode=None), KEY)
    assert client.v1.checkout.sessions.create(order_params(), KEY).status == "open"


def test_refusal_by_state_is_replayed(client: stripe.StripeClient, simulator: RunningSimulator) -> None:
    session = client.v1.checkout.sessions.create(order_params())
    simulator.pay(session.id)
    for replayed in (None, "true"):
        with pytest.raises(stripe.InvalidRequestError) as caught:
            client.v1.checkout.sessions.expire(session.id, {}, KEY)
        assert caught.value.headers is not None
        assert caught.value.headers.get("Idempotent-Replayed") == replayed


def test_same_key_in_flight_is_a_conflict(client: stripe.StripeClient, simulator: RunningSimulator) -> None:
    simulator.control("PUT", "/controls/faults", {"faults": [{"kind": "timeout", "seconds": 1, "times": 1}]})
    answers: list[str] = []

    def create() -> None:
        answers.append(simulator.client().v1.checkout.sessions.create(order_params(), KEY).id)

    slow = threading.Thread(target=create)
    slow.start()
    wait_until(lambda: sessions(simulator) == 1)
    with pytest.raises(stripe.APIError) as caught:
        client.v1.checkout.sessions.create(order_params(), KEY)
    assert caught.value.http_status == 409
    assert "idempotency_key_in_use" in str(caught.value.http_body)
    slow.join()
    assert client.v1.checkout.sessions.create(order_params(), KEY).id == answers[0]


def test_keys_and_sessions_survive_a_restart(tmp_path: Path) -> None:
    state = tmp_path / "deep" / "state.sqlite"
    with running_simulator(state=state) as before:
        session = before.client().v1.checkout.sessions.create(order_params(), KEY)
        before.pay(session.id)
    with running_simulator(state=state) as after:
        client = after.client()
        assert client.v1.checkout.sessions.retrieve(session.id).payment_status == "paid"
        assert client.v1.checkout.sessions.create(order_params(), KEY).id == session.id
        assert sessions(after) == 1
