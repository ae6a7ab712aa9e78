"""A6, for the platform's only long connection: an order's stream ends within five seconds of its listener's sign-in."""

import time

import httpx
import jwt
import pytest

from services.billing.tests.shop import Shop
from services.billing.tests.test_timeline import stream
from shared.testing.harness import Caller
from shared.tokens import LEEWAY_SECONDS

MOST_SECONDS = 5.0


def ends(response: httpx.Response) -> float:
    """Seconds until the server ends the stream."""
    began = time.monotonic()
    for _ in response.iter_lines():
        assert time.monotonic() - began < 2 * MOST_SECONDS, "the stream goes on"
    return time.monotonic() - began


@pytest.mark.parametrize("why", ["signed out", "expired"])
def test_a_stream_ends_with_the_sign_in_that_opened_it(shop: Shop, why: str) -> None:
    buyer, order, _ = shop.bought()
    identity, now = shop.harness.academy.identity, int(time.time())
    # As services count: good for three seconds more.
    expires_at = now + 300 if why == "signed out" else now - LEEWAY_SECONDS + 3
    token = identity.token(buyer.user_id, iat=now - 300, exp=expires_at)
    with stream(shop, Caller(shop.harness.client, buyer.user_id, token), order["id"]) as response:
        assert response.status_code == 200
        if why == "signed out":
            identity.revoke_session(jwt.decode(token, options={"verify_signature": False})["sid"])
        assert ends(response) <= MOST_SECONDS
