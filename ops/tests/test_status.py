"""`make status` under Compose, with a stand-in for the Docker engine's answers."""

import json
import os
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ops import compose
from ops.__main__ import app
from ops.secret_files import make

SERVICES = {
    "postgres": {"restart": "unless-stopped"},
    "live-api": {"restart": "unless-stopped"},
    "live-migrate": {"restart": "no"},
}


def container(service: str, state: str = "running", health: str = "healthy", exit_code: int = 0) -> dict[str, object]:
    return {
        "Service": service, "Name": f"academy-{service}-1", "State": state, "Health": health, "ExitCode": exit_code,
    }  # fmt: skip


POSTGRES, API = container("postgres"), container("live-api")
DONE = container("live-migrate", "exited", "")


def status(containers: list[dict[str, object]], folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[int, str]:
    """Exit code and output."""
    secrets = folder / "secrets"
    make(secrets, production=False)
    (folder / ".env").write_text(f"ENVIRONMENT=development\nSECRETS_FOLDER={secrets}\n")
    (folder / "services").write_text(json.dumps({"services": SERVICES}))
    (folder / "containers").write_text("\n".join(json.dumps(found) for found in containers))
    program = folder / "docker"
    program.write_text(
        f'#!/bin/sh\ncase "$*" in *config*) cat {folder}/services;; *ps*--all*json*) cat {folder}/containers;; esac\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(compose, "ENV", folder / ".env")
    monkeypatch.setattr("ops.platforms.choose", lambda engine: engine)
    done = CliRunner().invoke(app, ["status", "--engine", "docker"])
    assert (secrets / "admin_password").read_text().strip() not in done.output
    return done.exit_code, done.output


def test_everything_ready(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code, said = status([POSTGRES, API, DONE], tmp_path, monkeypatch)
    assert (code, re.findall(r"^ *(\S+) +ready", said, re.MULTILINE)) == (0, ["postgres", "live-api"])


@pytest.mark.parametrize(
    ("containers", "shown"),
    [
        ([POSTGRES, DONE], "live-api not running"),
        ([POSTGRES, container("live-api", "exited", "", 137), DONE], "live-api not running"),
        ([POSTGRES, container("live-api", "created", ""), DONE], "live-api not running"),
        ([POSTGRES, container("live-api", health="unhealthy"), DONE], "live-api not ready"),
        ([POSTGRES, API, container("live-migrate", "exited", "", 1)], "live-migrate not running"),
        ([], "Nothing was started yet"),
    ],
)
def test_what_is_missing_or_stopped_fails(
    containers: list[dict[str, object]], shown: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, said = status(containers, tmp_path, monkeypatch)
    assert (code, shown in " ".join(said.split())) == (1, True), said
