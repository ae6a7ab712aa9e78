"""An order's steps through the real gateway, from the real service: each as it happens, and on after a reconnect."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from uuid_utils.compat import uuid7

from gateway.tests.door import Door, open_door
from services.billing.main import create_app
from services.billing.settings import Settings
from services.billing.tests.far_end import API_KEY, SECRET, running_simulator
from services.billing.tests.shop import Shop
from services.billing.tests.test_timeline import enrolled, events
from services.billing.worker import create_worker
from shared.events import EnrollmentGranted
from shared.testing import Academy
from shared.testing.harness import Caller


@pytest.fixture(scope="module")
def shop(academy: Academy) -> Iterator[Shop]:
    with running_simulator() as stripe:
        settings = academy.settings(
            Settings,
            stripe_api_key=SecretStr(API_KEY),
            stripe_api_base=stripe.url,
            stripe_webhook_secrets=SecretStr(SECRET),
        )
        with academy.service("billing", settings, create_app, create_worker) as harness:
            yield Shop(harness, stripe)


@pytest.fixture(scope="module")
def gateway(shop: Shop, home: Path, far_end: tuple[dict[str, str], list[str]]) -> Iterator[Door]:
    """The gateway as it is by default, billing behind it."""
    place = home / "streams"
    place.mkdir()
    with open_door(place, {**far_end[0], "billing": shop.harness.url.removeprefix("http://")}) as opened:
        yield opened


@contextmanager
def watching(gateway: Door, caller: Caller, order_id: str, last: str = "0") -> Iterator[Iterator[dict[str, str]]]:
    """The stream, as a browser opens it that would take everything compressed."""
    headers = {"Authorization": f"Bearer {caller.token}", "Last-Event-ID": last, "Accept-Encoding": "gzip, br"}
    url = f"http://127.0.0.1:{gateway.port}/api/v1/payments/orders/{order_id}/events"
    with httpx.stream("GET", url, headers=headers, timeout=20) as response:
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        yield events(response)


def test_each_step_comes_through_the_gateway_when_it_happens(gateway: Door, shop: Shop) -> None:
    caller, order, session_id = shop.bought()
    happened: list[float] = []

    def happen() -> None:
        shop.far_end.pay(session_id)
        shop.deliver_all(session_id)
        happened.append(time.monotonic())

    with watching(gateway, caller, order["id"]) as heard:
        assert [next(heard)["event"], next(heard)["event"]] == ["ordered", "checkout_opened"]
        payment = threading.Thread(target=happen)
        payment.start()
        assert [next(heard)["event"], next(heard)["event"]] == ["money_received", "paid"]
        told = time.monotonic()
        payment.join()
    # The stream stays open for minutes: what a buffer held back would come at its end.
    assert told - happened[0] < 2


def test_who_was_cut_off_goes_on_behind_the_last_event_seen(gateway: Door, shop: Shop) -> None:
    caller, order, _ = shop.paid()
    with watching(gateway, caller, order["id"]) as heard:
        seen: list[dict[str, Any]] = [next(heard) for _ in range(3)]
    shop.harness.deliver(enrolled(EnrollmentGranted, caller, order, uuid7(), 1))
    with watching(gateway, caller, order["id"], seen[-1]["id"]) as heard:
        assert [next(heard)["event"], next(heard)["event"]] == ["paid", "access_granted"]
