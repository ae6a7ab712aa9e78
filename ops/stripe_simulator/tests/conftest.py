"""One simulator and one receiver for each test; free ports keep parallel runs apart."""

from collections.abc import Iterator

import pytest
import stripe

from ops.stripe_simulator.tests.harness import Receiver, RunningSimulator, running_receiver, running_simulator


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Where webhooks arrive."""
    with running_receiver() as found:
        yield found


@pytest.fixture
def simulator(receiver: Receiver) -> Iterator[RunningSimulator]:
    """A fresh simulator that posts to the receiver."""
    with running_simulator(receiver.url) as found:
        yield found


@pytest.fixture
def client(simulator: RunningSimulator) -> stripe.StripeClient:
    """The official SDK without retries of its own."""
    return simulator.client()
