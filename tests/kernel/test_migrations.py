"""Migrations and provisioning may be started by everybody at once."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text

from shared.database import Database
from shared.migrate import BrokenHistory, upgrade
from shared.provision import provision_broker
from shared.schema_version import head, schema_is_current
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


def run_job(academy: Academy, *arguments: str, release: Path = ROOT) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "shared.migrate", *arguments]
    return subprocess.run(
        command, env=dict(environment(academy)), cwd=release, capture_output=True, text=True, timeout=120, check=False
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


@pytest.fixture
def live(empty_academy: Academy) -> Iterator[Engine]:
    """The owner's access to live's schema, which is at this release's head before and after the test."""
    upgrade("live", empty_academy.role_url("live_owner"))
    engine = create_engine(empty_academy.role_url("live_owner"), isolation_level="AUTOCOMMIT")
    yield engine
    set_revisions(engine, head("live"))
    engine.dispose()


def revisions(live: Engine) -> list[str]:
    with live.connect() as connection:
        return list(connection.scalars(text("SELECT version_num FROM live.alembic_version")))


def set_revisions(live: Engine, *numbers: str) -> None:
    with live.connect() as connection:
        connection.execute(text("DELETE FROM live.alembic_version"))
        for number in numbers:
            connection.execute(text("INSERT INTO live.alembic_version VALUES (:number)"), {"number": number})


def make_next_release(folder: Path) -> str:
    """This release and one more migration of live, in a folder; returns the new revision."""
    ignored = shutil.ignore_patterns("__pycache__", "tests")
    shutil.copytree(ROOT / "shared", folder / "shared", ignore=ignored)
    shutil.copytree(ROOT / "services/live", folder / "services/live", ignore=ignored)
    (folder / "services/__init__.py").touch()
    revision = f"{int(head('live')) + 1:04}"
    (folder / f"services/live/migrations/versions/{revision}_trial.py").write_text(
        f"""from alembic import op\n\nrevision = "{revision}"\ndown_revision = "{head("live")}"\n
def upgrade() -> None:\n    op.execute("CREATE TABLE trial (id int)")\n"""
    )
    return revision


def test_the_older_release_leaves_a_newer_schema_as_it_is(empty_academy: Academy, live: Engine, tmp_path: Path) -> None:
    newer = make_next_release(tmp_path)
    assert run_job(empty_academy, "live", release=tmp_path).returncode == 0
    assert revisions(live) == [newer]

    job = run_job(empty_academy, "live")
    assert job.returncode == 0, job.stderr
    assert "schema is newer than this release" in job.stdout + job.stderr
    assert revisions(live) == [newer]
    database = Database(empty_academy.role_url("live_app"), "live", pool_size=1)
    assert schema_is_current(database), "so is it ready"
    database.close()


@pytest.mark.parametrize("numbers", [(), ("0000",), ("1f3a9c",), ("zzzz",), ("0001", "0002"), ("00031",)])
def test_a_history_that_no_release_has_made_is_refused(
    empty_academy: Academy, live: Engine, numbers: tuple[str, ...]
) -> None:
    set_revisions(live, *numbers)
    with pytest.raises(BrokenHistory, match=r"live\.alembic_version holds"):
        upgrade("live", empty_academy.role_url("live_owner"))
    assert sorted(revisions(live)) == sorted(numbers)


def test_the_job_says_why_it_refuses_a_broken_history(empty_academy: Academy, live: Engine) -> None:
    set_revisions(live)
    job = run_job(empty_academy, "live")
    assert job.returncode == 1
    assert "live.alembic_version holds no revision" in job.stdout + job.stderr
    assert "Traceback" not in job.stdout + job.stderr


@pytest.mark.parametrize("number", ["zzzz", "1f3a9c", "00031"])
def test_a_service_is_not_ready_on_a_foreign_schema(empty_academy: Academy, live: Engine, number: str) -> None:
    set_revisions(live, number)
    database = Database(empty_academy.role_url("live_app"), "live", pool_size=1)
    assert not schema_is_current(database)
    database.close()


def test_an_unknown_service_is_refused_with_the_names_of_the_known_ones(empty_academy: Academy) -> None:
    job = run_job(empty_academy, "payroll")
    assert job.returncode == 2
    assert "one of: billing, catalog" in job.stderr


def test_provisioning_again_changes_nothing_and_succeeds(academy: Academy) -> None:
    academy.provision_database()
    provision_broker(academy.provision_settings())
