"""Small programs to supervise."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ops.native.program import Program
from ops.native.supervisor import Supervisor

SLEEPER = "import time; print('hello', flush=True); time.sleep(60)"
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('hello', flush=True); time.sleep(60)"
FAILING = "raise SystemExit('the cupboard is bare')"


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    """A supervisor whose processes are gone after the test."""
    made = Supervisor(tmp_path)
    yield made
    for name in made.pids():
        made.stop(name)


@pytest.fixture
def program(tmp_path: Path) -> Callable[..., Program]:
    """Makes a program of Python code that is ready once it has printed something."""

    def make(code: str = SLEEPER, name: str = "sleeper", version: str = "") -> Program:
        log = tmp_path / "logs" / f"{name}.log"
        return Program(
            name=name,
            argv=(sys.executable, "-c", code),
            ready=lambda: log.exists() and "hello" in log.read_text(),
            cwd=tmp_path,
            version=version,
            stop_seconds=0.3,
            ready_seconds=20,
        )

    return make
