"""Refusals become the SDK's own error classes."""

from typing import Any

import httpx
import pytest
import stripe

from ops.stripe_simulator.tests.harness import API_KEY, RunningSimulator, order_params


def test_wrong_key_is_an_authentication_error(simulator: RunningSimulator) -> None:
    with pytest.raises(stripe.AuthenticationError, match="Invalid API Key") as caught:
        simulator.client("sk_test_some_other_key").v1.events.list()
    assert caught.value.http_status == 401
    assert str(caught.value.request_id).startswith("req_")
    assert "some_other_key" not in str(caught.value)


def test_missing_key_is_refused_and_basic_auth_is_accepted(simulator: RunningSimulator) -> None:
    assert simulator.http.get("/v1/events").status_code == 401
    assert simulator.http.get("/v1/events", headers={"Authorization": "Basic %%%"}).status_code == 401
    assert simulator.http.get("/v1/events", auth=httpx.BasicAuth(API_KEY, "")).status_code == 200


@pytest.mark.parametrize(
    ("changes", "param", "code"),
    [
        ({"line_items": None}, "line_items", "parameter_missing"),
        ({"mode": None}, "mode", "parameter_missing"),
        ({"success_url": None}, "success_url", "parameter_missing"),
        ({"success_url": "javascript:alert(1)"}, "success_url", "url_invalid"),
        ({"cancel_url": "http://[broken"}, "cancel_url", "url_invalid"),
        ({"expires_at": "tomorrow"}, "expires_at", "parameter_invalid_integer"),
        ({"customer_email": "nobody"}, "customer_email", "email_invalid"),
        ({"pizza": "yes"}, "pizza", "parameter_unknown"),
        ({"mode": "subscription"}, "mode", None),
        ({"metadata": {"long": "x" * 501}}, "metadata", None),
        ({"expand": ["nonsense"]}, "expand", None),
    ],
)
def test_bad_parameter_is_an_invalid_request_naming_it(
    client: stripe.StripeClient, changes: dict[str, Any], param: str, code: str | None
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.checkout.sessions.create(order_params(**changes))
    assert (caught.value.http_status, caught.value.param, caught.value.code) == (400, param, code)


@pytest.mark.parametrize(
    ("quantity", "price"),
    [
        (0, {"currency": "usd", "unit_amount": 1, "product_data": {"name": "A"}}),
        (1, {"currency": "usd", "unit_amount": -1, "product_data": {"name": "A"}}),
        (1, {"currency": "dollars", "unit_amount": 1, "product_data": {"name": "A"}}),
        (1, {"currency": "usd", "product_data": {"name": "A"}}),
        (1, {"currency": "usd", "unit_amount": 1, "product_data": {}}),
        (1, {"currency": "usd", "unit_amount": 100_000_000, "product_data": {"name": "A"}}),
    ],
)
def test_unpriceable_item_is_refused(client: stripe.StripeClient, quantity: int, price: dict[str, Any]) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.checkout.sessions.create(order_params(line_items=[{"quantity": quantity, "price_data": price}]))


def test_unknown_object_is_resource_missing(client: stripe.StripeClient) -> None:
    for read in (client.v1.payment_intents, client.v1.charges, client.v1.refunds, client.v1.events, client.v1.disputes):
        with pytest.raises(stripe.InvalidRequestError, match="No such") as caught:
            read.retrieve("xx_unknown")
        assert (caught.value.http_status, caught.value.code) == (404, "resource_missing")


def test_address_that_is_not_simulated_says_so(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="Unrecognized request URL"):
        client.v1.customers.create({"email": "ann@example.org"})


def test_body_that_is_no_form_is_refused(simulator: RunningSimulator) -> None:
    for body in (b"\xff\xfe", b"a[b=1", b"a=1&a[b]=2", b"&".join(b"x%d=1" % index for index in range(2000))):
        answer = simulator.http.post("/v1/refunds", content=body, headers={"Authorization": f"Bearer {API_KEY}"})
        assert answer.status_code == 400
        assert answer.json()["error"]["type"] == "invalid_request_error"


def test_answers_name_their_request_and_echo_the_version(simulator: RunningSimulator) -> None:
    headers = {"Authorization": f"Bearer {API_KEY}", "Stripe-Version": "2025-01-27.acacia"}
    answer = simulator.http.get("/v1/events", headers=headers)
    assert answer.headers["Request-Id"].startswith("req_")
    assert answer.headers["Stripe-Version"] == "2025-01-27.acacia"
