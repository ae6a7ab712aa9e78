"""Billing with a real Stripe stand-in as its far end: its own process, reached by the official SDK."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest
from pydantic import SecretStr

from services.billing.main import create_app
from services.billing.settings import Settings
from services.billing.tests.far_end import API_KEY, SECRET, FarEnd
from services.billing.tests.shop import OLD_SECRET, Shop
from services.billing.worker import create_worker
from shared.testing import Academy, Harness, wait_until


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/livez", timeout=1).status_code == 200
    except httpx.HTTPError:
        return False


@pytest.fixture(scope="session")
def far_end() -> Iterator[FarEnd]:
    """The Stripe simulator. It sends no webhooks by itself: the tests deliver them."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    environment = {
        **os.environ,
        "STRIPE_API_KEY": API_KEY,
        "STRIPE_WEBHOOK_SECRET": SECRET,
        "SIMULATOR_PUBLIC_URL": url,
    }
    environment.pop("STRIPE_WEBHOOK_URL", None)
    command = [sys.executable, "-m", "uvicorn", "ops.stripe_simulator.main:app", "--port", str(port)]
    process = subprocess.Popen([*command, "--log-level", "warning"], env=environment)
    try:
        wait_until(lambda: _answers(url), 20, "the Stripe simulator answers")
        far_end = FarEnd(url)
        yield far_end
        far_end.close()
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(scope="session")
def harness(academy: Academy, far_end: FarEnd) -> Iterator[Harness]:
    settings = academy.settings(
        Settings,
        stripe_api_key=SecretStr(API_KEY),
        stripe_api_base=far_end.url,
        stripe_webhook_secrets=SecretStr(f"{SECRET}, {OLD_SECRET}"),
        stripe_automatic_tax=True,
        seller_name="AI First Academy GmbH",
        seller_address="Lernweg 1; 10115 Berlin; DE",
        seller_tax_id="DE123456789",
    )
    with academy.service("billing", settings, create_app, create_worker) as harness:
        yield harness


@pytest.fixture
def shop(harness: Harness, far_end: FarEnd) -> Iterator[Shop]:
    """Billing and its far end, all faults of an earlier test gone."""
    far_end.set_faults()
    yield Shop(harness, far_end)
    far_end.set_faults()
