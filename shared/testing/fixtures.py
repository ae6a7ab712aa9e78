"""Fixtures for every test; registered by the root conftest."""

from collections.abc import Iterator

import pytest

from shared.testing.academy import Academy


@pytest.fixture(scope="session")
def academy(testrun_uid: str, worker_id: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Academy]:
    """This test process's own database and vhost on the real servers."""
    academy = Academy(f"{testrun_uid[:8]}_{worker_id}", tmp_path_factory.mktemp("files"))
    yield academy
    academy.close()
