"""What a platform writes is read by its owner, and uploaded files by nginx; not by other users of the machine."""

import os
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from ops.native import reach
from ops.native.program import Program
from ops.native.rabbitmq import RabbitMQ
from ops.native.supervisor import Supervisor
from ops.native.table import SERVICE_UMASK
from ops.native.tests.conftest import SLEEPER
from ops.native.tests.readable import readable_by_others


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A directory that everybody may enter, in one that pytest may have closed."""
    tmp_path.chmod(0o755)
    return tmp_path


def test_log_pid_file_and_data_of_a_process_are_private(
    supervisor: Supervisor, program: Callable[..., Program], directory: Path
) -> None:
    supervisor.start(program(f"open('data', 'w').close(); {SLEEPER}"))
    assert (directory / "data").exists()
    assert (directory / "logs" / "sleeper.log").read_text()
    assert readable_by_others(directory) == []


def test_directories_of_an_earlier_release_are_closed(
    supervisor: Supervisor, program: Callable[..., Program], directory: Path
) -> None:
    for name in ("logs", "run", "rabbitmq"):
        (directory / name).mkdir(mode=0o755)
        (directory / name / "old").touch(mode=0o644)
    supervisor.start(program())
    RabbitMQ(directory, 1, 2, 3, 4, "secret").prepare()
    assert readable_by_others(directory) == []


def test_uploaded_files_are_read_by_nginx_and_no_other_user(directory: Path) -> None:
    files = directory / "files"
    old = files / "catalog" / "2026"
    old.mkdir(parents=True)
    (old / "old").touch(mode=0o644)
    reach.share_with_nginx(files)
    write = "mkdir -p catalog/2027 && echo content | tee catalog/2026/new catalog/2027/new"
    subprocess.run(["sh", "-c", write], cwd=files, umask=SERVICE_UMASK, check=True, capture_output=True)
    assert readable_by_others(directory) == []
    written = [files / "catalog" / year / "new" for year in ("2026", "2027")]
    user = reach.server_user("www-data", "nginx")
    if user is None:
        assert all(path.read_text() == "content\n" for path in written)
        return
    group = os.stat(files).st_gid
    for path in written:
        for above in (path.parent, path.parent.parent, files):
            assert above.stat().st_gid == group
            assert above.stat().st_mode & stat.S_IXGRP
        assert path.stat().st_gid == group
        assert path.stat().st_mode & stat.S_IRGRP
