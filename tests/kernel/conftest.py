"""The trial service of the kernel's tests, running."""

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from sqlalchemy import text

from shared.app import create_app
from shared.inbox import Handlers
from shared.settings import Settings
from shared.testing import Academy, Harness
from shared.worker import Worker
from tests.kernel.trial_bodies import forms, notes
from tests.kernel.trial_service import limited, router, secrets


@pytest.fixture(scope="session")
def things(testrun_uid: str, worker_id: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    academy = Academy(f"{testrun_uid[:8]}_{worker_id}_things", tmp_path_factory.mktemp("files"), broker=False)
    settings = academy.settings(Settings, database_pool_size=20)

    def app(_settings: Settings) -> FastAPI:
        return create_app("live", "Things", settings, [router, secrets, notes, limited, forms])

    academy.migrate("live")
    owner = academy.owner("live")
    with owner.begin() as connection:
        connection.execute(
            text(
                "CREATE TABLE things (id uuid PRIMARY KEY, name text NOT NULL, version int NOT NULL,"
                " twin uuid UNIQUE DEFERRABLE INITIALLY DEFERRED)"
            )
        )
    owner.dispose()
    with academy.service("live", settings, app, lambda _settings: Worker("live", settings, Handlers())) as harness:
        yield harness
    academy.close()
