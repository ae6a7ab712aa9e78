"""Billing with a real Stripe stand-in as its far end: its own process, reached by the official SDK."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from pydantic import SecretStr

from services.billing.main import create_app
from services.billing.settings import Settings
from services.billing.tests.far_end import API_KEY, SECRET, FarEnd, running_simulator
from services.billing.tests.shop import OLD_SECRET, Shop
from services.billing.worker import create_worker
from shared.testing import Academy, Harness


@pytest.fixture(scope="session")
def far_end() -> Iterator[FarEnd]:
    """The Stripe simulator. It sends no webhooks by itself: the tests deliver them."""
    with running_simulator() as far_end:
        yield far_end


@contextmanager
def billing_at(academy: Academy, far_end: FarEnd) -> Iterator[Harness]:
    """Billing in this academy, with the simulator for Stripe."""
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


@pytest.fixture(scope="session")
def harness(academy: Academy, far_end: FarEnd) -> Iterator[Harness]:
    with billing_at(academy, far_end) as harness:
        yield harness


@pytest.fixture
def shop(harness: Harness, far_end: FarEnd) -> Iterator[Shop]:
    """Billing and its far end, all faults of an earlier test gone."""
    far_end.set_faults()
    yield Shop(harness, far_end)
    far_end.set_faults()


@pytest.fixture(scope="module")
def own_billing(
    request: pytest.FixtureRequest, testrun_uid: str, worker_id: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Harness, FarEnd]]:
    """A billing, with a Stripe, that only the tests of this file have used."""
    name = f"{testrun_uid[:8]}_{worker_id}_{request.path.stem.split('_')[1]}"
    academy = Academy(name, tmp_path_factory.mktemp("files"), broker=False)
    with running_simulator() as far_end, billing_at(academy, far_end) as harness:
        yield harness, far_end
    academy.close()


@pytest.fixture
def own_shop(own_billing: tuple[Harness, FarEnd]) -> Shop:
    """One whose jobs, which go over all there is, are done in a moment: other files leave thousands of orders."""
    return Shop(*own_billing)
