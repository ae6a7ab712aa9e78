from collections.abc import Iterator

import pytest

from services.certificates.main import create_app
from services.certificates.settings import Settings
from services.certificates.tests.school import School
from services.certificates.worker import create_worker
from shared.testing import Academy


@pytest.fixture(scope="session")
def school(academy: Academy) -> Iterator[School]:
    with academy.service("certificates", academy.settings(Settings), create_app, create_worker) as harness:
        yield School(harness)
