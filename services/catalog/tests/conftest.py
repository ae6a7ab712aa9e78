from collections.abc import Iterator

import pytest

from services.catalog.main import create_app
from services.catalog.settings import Settings
from services.catalog.tests.school import School
from services.catalog.worker import create_worker
from shared.testing import Academy, Harness

UPLOAD_MAX_BYTES = 300_000
COURSE_QUOTA_BYTES = 700_000


@pytest.fixture(scope="session")
def catalog(academy: Academy) -> Iterator[Harness]:
    settings = academy.settings(Settings, upload_max_bytes=UPLOAD_MAX_BYTES, course_quota_bytes=COURSE_QUOTA_BYTES)
    with academy.service("catalog", settings, create_app, create_worker) as harness:
        yield harness


@pytest.fixture
def school(catalog: Harness) -> School:
    return School(catalog)
