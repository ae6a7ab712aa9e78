"""Starting, stopping and recognizing processes."""

import json
import os
import signal
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from ops.failure import OpsError
from ops.native import identity
from ops.native.pidfile import Pidfiles, Record
from ops.native.program import Job, Program
from ops.native.supervisor import Supervisor
from ops.native.tests.conftest import DEAF, FAILING

Make = Callable[..., Program]


def test_started_program_is_known_to_another_supervisor(supervisor: Supervisor, program: Make, tmp_path: Path) -> None:
    supervisor.start(program())
    assert Supervisor(tmp_path).pids() == supervisor.pids()
    assert Supervisor(tmp_path).is_current(program())


def test_changed_version_is_not_current(supervisor: Supervisor, program: Make) -> None:
    supervisor.start(program())
    assert not supervisor.is_current(program(version="2"))


def test_second_start_keeps_the_process(supervisor: Supervisor, program: Make) -> None:
    supervisor.start(program())
    pid = supervisor.pid("sleeper")
    supervisor.start(program())
    assert supervisor.pid("sleeper") == pid


def test_killed_process_is_not_running_and_starts_again(supervisor: Supervisor, program: Make) -> None:
    supervisor.start(program())
    supervisor.kill("sleeper", signal.SIGKILL)
    assert supervisor.pid("sleeper") is None
    supervisor.start(program())
    assert supervisor.pid("sleeper")


def test_deaf_process_is_ended_after_its_time(supervisor: Supervisor, program: Make) -> None:
    supervisor.start(program(DEAF))
    supervisor.stop("sleeper")
    assert supervisor.pids() == {}


def test_paused_process_can_be_stopped(supervisor: Supervisor, program: Make) -> None:
    supervisor.start(replace(program(), stop_seconds=20))
    supervisor.kill("sleeper", signal.SIGSTOP)
    supervisor.stop("sleeper")
    assert supervisor.pids() == {}


def test_failure_tells_the_last_words(supervisor: Supervisor, program: Make) -> None:
    with pytest.raises(OpsError, match=r"(?s)ended while it was starting.*cupboard is bare.*To mend it: read .*log"):
        supervisor.start(program(FAILING))


def test_failed_job_tells_the_last_words(supervisor: Supervisor, program: Make, tmp_path: Path) -> None:
    with pytest.raises(OpsError, match="cupboard is bare"):
        supervisor.run_once(Job("job", program(FAILING).argv, {}, tmp_path))


def test_stranger_with_a_recorded_pid_is_left_alone(supervisor: Supervisor, program: Make, tmp_path: Path) -> None:
    supervisor.start(program())
    path = tmp_path / "run" / "sleeper.json"
    record = json.loads(path.read_text())
    with subprocess.Popen(["sleep", "60"]) as stranger:
        path.write_text(json.dumps({**record, "pid": stranger.pid}))
        supervisor.stop("sleeper")
        assert stranger.poll() is None
        stranger.kill()
    os.kill(record["pid"], signal.SIGKILL)
    os.waitpid(record["pid"], 0)


def test_children_of_a_crashed_process_are_cleared_away(supervisor: Supervisor, program: Make) -> None:
    parent = "import subprocess; c = subprocess.Popen(['sleep', '60']); print('hello', c.pid, flush=True); c.wait()"
    supervisor.start(program(parent))
    child = int(supervisor.tail("sleeper").split()[-1])
    os.kill(supervisor.pids()["sleeper"], signal.SIGKILL)
    supervisor.stop("sleeper")
    assert identity.identity(child) is None


def test_a_record_that_vanishes_while_they_are_listed_is_no_error(tmp_path: Path) -> None:
    pidfiles = Pidfiles(tmp_path)
    for name in ("second", "first"):
        pidfiles.write(name, Record(1, "", "", "", 15, 1.0))
    os.utime(tmp_path / "first.json", ns=(1, 1))
    # As one that was dropped between the look into the folder and the look at the file.
    (tmp_path / "gone.json").symlink_to(tmp_path / "nowhere")
    assert pidfiles.names() == ["first", "second"]
