"""Migrations and provisioning may be started by everybody at once."""

import os
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from shared.provision import provision_broker
from shared.schema_version import head
from shared.testing import Academy
from shared.testing.academy import PASSWORD

ROOT = Path(__file__).resolve().parents[2]


def environment(academy: Academy) -> Mapping[str, str]:
    return {
        **os.environ,
        "DATABASE_HOST": os.environ["TEST_POSTGRES_HOST"],
        "DATABASE_PORT": os.environ["TEST_POSTGRES_PORT"],
        "DATABASE_NAME": academy.name,
        "DATABASE_MIGRATION_PASSWORD": PASSWORD,
    }


def run_job(academy: Academy, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "shared.migrate", *arguments]
    return subprocess.run(
        command, env=dict(environment(academy)), cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.fixture(scope="module")
def empty_academy(testrun_uid: str, worker_id: str, tmp_path_factory: pytest.TempPathFactory) -> Academy:
    name = f"{testrun_uid[:8]}_{worker_id}_migrations"
    return Academy(name, tmp_path_factory.mktemp("files"), broker=False)


def test_six_upgrades_at_once_all_succeed_and_later_ones_find_nothing_to_do(empty_academy: Academy) -> None:
    with ThreadPoolExecutor(6) as pool:
        jobs = list(pool.map(lambda _: run_job(empty_academy, "live"), range(6)))
    assert [job.returncode for job in jobs] == [0] * 6, [job.stderr for job in jobs]
    engine = create_engine(empty_academy.role_url("live_app"))
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT version_num FROM live.alembic_version")) == head("live")
    engine.dispose()


def test_an_unknown_service_is_refused_with_the_names_of_the_known_ones(empty_academy: Academy) -> None:
    job = run_job(empty_academy, "payroll")
    assert job.returncode == 2
    assert "one of: billing, catalog" in job.stderr


def test_provisioning_again_changes_nothing_and_succeeds(academy: Academy) -> None:
    academy.provision_database()
    provision_broker(academy.provision_settings())
