"""The entry points for people: make and ops/setup.sh."""

import fcntl
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ops.places import ROOT
from shared.testing import wait_until


def test_help_lists_every_target() -> None:
    declared = re.search(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert declared
    listed = re.findall(r"^  make ([a-z-]+)", run("make", "help", folder=ROOT).stdout, re.MULTILINE)
    assert sorted(listed) == sorted(declared[1].split())


def test_clean_refuses_while_containers_of_the_platform_exist(tmp_path: Path) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "var").mkdir()
    docker = tmp_path / "bin" / "docker"
    docker.parent.mkdir()
    docker.write_text("#!/bin/sh\necho 3f1c\n")
    docker.chmod(0o755)
    refused = run("make", "clean", folder=tmp_path, PATH=f"{docker.parent}:{os.environ['PATH']}")
    assert (refused.returncode, "make down ENGINE=docker" in refused.stdout) == (2, True)
    assert (tmp_path / "var").is_dir()
    docker.write_text("#!/bin/sh\n")
    assert run("make", "clean", folder=tmp_path, PATH=f"{docker.parent}:{os.environ['PATH']}").returncode == 0
    assert list((tmp_path / "var").iterdir()) == []


def test_an_unknown_engine_is_refused_before_anything_is_installed(tmp_path: Path) -> None:
    refused = run("sh", "ops/setup.sh", sys.executable, str(tmp_path / "venv"), "podman", folder=ROOT)
    assert (refused.returncode, "ENGINE=podman is unknown" in refused.stderr) == (1, True)
    assert list(tmp_path.iterdir()) == []


def test_of_two_setups_at_once_the_second_waits(tmp_path: Path) -> None:
    venv = tmp_path / "venv"
    venv.symlink_to(sys.prefix)
    said = tmp_path / "said"
    with (tmp_path / "venv.setup-lock").open("w") as lock, said.open("w") as output:
        fcntl.flock(lock, fcntl.LOCK_EX)
        command = ["sh", "ops/setup.sh", sys.executable, str(venv)]
        with subprocess.Popen(command, cwd=ROOT, stdout=output) as second:
            wait_until(lambda: "waiting for it" in said.read_text(), 20, "the second set-up to wait")
            assert second.poll() is None
            fcntl.flock(lock, fcntl.LOCK_UN)
            assert second.wait(20) == 0


@pytest.mark.parametrize("tool", ["shared.verify_audit", "shared.startup", "shared.migrate", "shared.provision"])
def test_a_tool_without_arguments_says_how_to_use_it(tool: str) -> None:
    ran = run(sys.executable, "-m", tool, folder=ROOT)
    assert (ran.returncode, ran.stderr.startswith("usage: ")) == (2, True)
    assert "Traceback" not in ran.stderr


def run(*command: str, folder: Path, **variables: str) -> "subprocess.CompletedProcess[str]":
    environment = os.environ | variables
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
