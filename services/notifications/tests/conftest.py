from collections.abc import Iterator

import pytest

from services.notifications.main import create_app
from services.notifications.settings import Settings
from services.notifications.tests.smtp_sink import Sink
from services.notifications.worker import create_worker
from shared.testing import Academy, Harness


@pytest.fixture(scope="session")
def sink() -> Iterator[Sink]:
    sink = Sink()
    yield sink
    sink.close()


@pytest.fixture(scope="session")
def notifications(academy: Academy, sink: Sink) -> Iterator[Harness]:
    settings = academy.settings(
        Settings,
        smtp_host="127.0.0.1",
        smtp_port=sink.port,
        smtp_timeout_seconds=2,
        # A mail's second try comes with a poll.
        worker_poll_seconds=0.5,
        mail_lease_seconds=5,
        mail_attempts=4,
        mail_first_retry_seconds=0.05,
        event_first_retry_seconds=0.05,
        frontend_url="https://school.test",
    )
    with academy.service("notifications", settings, create_app, create_worker) as harness:
        yield harness


@pytest.fixture(scope="module")
def worker(notifications: Harness) -> Iterator[Harness]:
    """The service with its worker running, for the tests of one file."""
    with notifications.running_worker():
        yield notifications
