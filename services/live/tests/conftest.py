from collections.abc import Iterator

import pytest

from services.live.main import create_app
from services.live.settings import Settings
from services.live.worker import create_worker
from shared.testing import Academy, Harness


@pytest.fixture(scope="session")
def live(academy: Academy) -> Iterator[Harness]:
    with academy.service("live", academy.settings(Settings), create_app, create_worker) as harness:
        yield harness
