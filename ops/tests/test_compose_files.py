"""Simulators of payments and mail never reach a production platform. A stand-in answers for the Docker engine."""

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from ops import compose, compose_files
from ops.compose import Compose
from ops.failure import OpsError
from ops.native.progress import Progress
from ops.places import ROOT

BOTH = [compose_files.PRODUCTION, compose_files.DEVELOPMENT]
Engine = Callable[[str], None]


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """Sets which files the containers of this folder were made from; none at first."""
    for name in ("ENVIRONMENT", "COMPOSE_FILE", "COMPOSE_PROJECT_NAME", "COMPOSE_PATH_SEPARATOR"):
        monkeypatch.delenv(name, raising=False)
    program = tmp_path / "docker"
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")

    def runs(files: str) -> None:
        program.write_text(f"#!/bin/sh\necho '{files}'\n")
        program.chmod(0o755)

    runs("")
    return runs


def test_development_starts_with_the_simulators(engine: Engine) -> None:
    assert compose_files.choose_files({}) == BOTH
    assert compose_files.choose_files({"ENVIRONMENT": "development"}) == BOTH
    assert compose_files.choose_files({"ENVIRONMENT": "'development'  # mine"}) == BOTH


@pytest.mark.parametrize(
    "env",
    [
        {"ENVIRONMENT": "production"},
        {"ENVIRONMENT": '"production"'},
        {"ENVIRONMENT": "production # live"},
        {"ENVIRONMENT": "prod"},
        {"ENVIRONMENT": "", "PUBLIC_URL": "https://api.academy.example"},
        {"PUBLIC_URL": "https://api.academy.example"},
    ],
)
def test_production_starts_without_the_simulators(engine: Engine, env: dict[str, str]) -> None:
    assert compose_files.choose_files(env) == [compose_files.PRODUCTION]
    # Somebody added them by hand.
    engine(",".join(str(ROOT / name) for name in BOTH))
    assert compose_files.choose_files(env) == [str(ROOT / compose_files.PRODUCTION)]


def test_the_variable_of_the_shell_goes_before_dotenv(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENVIRONMENT", "production")
    assert compose_files.choose_files({"ENVIRONMENT": "development"}) == [compose_files.PRODUCTION]
    assert compose_files.choose_files({}) == [compose_files.PRODUCTION]


def test_a_running_platform_keeps_its_files(engine: Engine) -> None:
    # The line ENVIRONMENT=development of the example was forgotten in a production platform's .env.
    engine("/srv/academy/docker-compose.yml,/srv/academy/tls.yml")
    kept = ["/srv/academy/docker-compose.yml", "/srv/academy/tls.yml"]
    assert compose_files.choose_files({"ENVIRONMENT": "development"}) == kept
    assert compose_files.choose_files({"ENVIRONMENT": "production"}) == kept


def test_compose_file_is_kept_unless_it_adds_the_simulators_to_production(engine: Engine) -> None:
    own = {"COMPOSE_FILE": "docker-compose.yml:tls.yml"}
    assert compose_files.choose_files({"ENVIRONMENT": "production", **own}) == ["docker-compose.yml", "tls.yml"]
    both = {"COMPOSE_FILE": ":".join(BOTH)}
    assert compose_files.choose_files({"ENVIRONMENT": "development", **both}) == BOTH
    with pytest.raises(OpsError, match="points payments and mail at simulators"):
        compose_files.choose_files({"ENVIRONMENT": "production", **both})


@pytest.mark.parametrize("text", ["ENVIRONMENT=production\n", "LOG_LEVEL=info\n"])
def test_the_demo_is_refused_on_a_production_platform(
    engine: Engine, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compose, "ENV", tmp_path / ".env")
    (tmp_path / ".env").write_text(text)
    with pytest.raises(OpsError, match="To mend it: run it in another clone"):
        Compose(Progress(quiet=True)).require_simulators()


def test_up_in_production_lists_everything_that_is_missing_and_starts_nothing(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compose, "ENV", tmp_path / ".env")
    folder = tmp_path / "none"
    (tmp_path / ".env").write_text(f"ENVIRONMENT=production\nSECRETS_FOLDER={folder}\nSMTP_HOST=smtp.example\n")
    with pytest.raises(OpsError) as refused:
        Compose(Progress(quiet=True)).up()
    said = str(refused.value)
    assert set(re.findall(r"set (\w+) in .env", said)) == {"PUBLIC_URL", "ADMIN_EMAIL", "MAIL_FROM"}
    assert f"secret files missing in {folder}: postgres_admin_password, broker_admin_password" in said
    assert not folder.exists()
