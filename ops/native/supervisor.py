"""Starts and stops programs by their pid files. Signals nothing that it did not start itself."""

import signal
import subprocess
from pathlib import Path

from ops.failure import OpsError
from ops.native import identity
from ops.native.pidfile import Pidfiles, Record
from ops.native.probes import wait_until
from ops.native.program import PRIVATE_UMASK, Job, Program

LOG_LIMIT_BYTES = 20 * 1024 * 1024
LOG_TAIL_LINES = 15
GONE_SECONDS = 10

# A Popen object that is dropped while its process lives complains; these are kept, and waited for once dead.
_children: dict[int, subprocess.Popen[bytes]] = {}


class Supervisor:
    """The processes of one instance: `run/NAME.json` says who each is, `logs/NAME.log` what it said."""

    def __init__(self, directory: Path) -> None:
        self._pidfiles = Pidfiles(directory / "run")
        self._logs = directory / "logs"

    def pid(self, name: str) -> int | None:
        """The pid of a living process that we started under this name, or None."""
        record = self._pidfiles.read(name)
        if record is None or record.alive:
            return record.pid if record else None
        if child := _children.pop(record.pid, None):
            child.wait()
        return None

    def pids(self) -> dict[str, int]:
        """All living processes of this instance by name, in the order they were started."""
        return {name: pid for name in self._pidfiles.names() if (pid := self.pid(name))}

    def is_current(self, program: Program) -> bool:
        """Whether it runs exactly as described now."""
        record = self._pidfiles.read(program.name)
        return record is not None and record.alive and record.fingerprint == program.fingerprint

    def start(self, program: Program) -> None:
        """Starts it if it is not running and waits until it is ready. Raises OpsError with its log when it is not."""
        if self.pid(program.name) is None:
            self._sweep(program.name)
            self._spawn(program)
        if wait_until(program.ready, program.ready_seconds, lambda: self.pid(program.name) is not None):
            return
        living = self.pid(program.name) is not None
        reason = f"was not ready after {program.ready_seconds:.0f} s" if living else "ended while it was starting"
        raise OpsError(f"{program.name} {reason}.", f"read {self.log(program.name)}", self.tail(program.name))

    def stop(self, name: str) -> None:
        """Asks it to end, and when its time is over ends it and its children the hard way. Quiet when not running."""
        record = self._pidfiles.read(name)
        pid = self.pid(name)
        if record and pid:
            # A process that was paused would never see the request to end.
            identity.send(pid, signal.SIGCONT)
            identity.send(pid, signal.Signals(record.stop_signal))
            if not wait_until(lambda: self.pid(name) is None, record.stop_seconds):
                self.kill(name, signal.SIGKILL)
        self._sweep(name)

    def kill(self, name: str, number: signal.Signals) -> None:
        """Sends a signal as it is; after SIGKILL, waits until the process is gone. Raises OpsError if not running."""
        pid = self.pid(name)
        if pid is None:
            raise OpsError(f"{name} is not running.", "start it first; `make status` shows what runs")
        identity.send(pid, number)
        if number == signal.SIGKILL:
            wait_until(lambda: self.pid(name) is None, GONE_SECONDS)

    def run_once(self, job: Job) -> None:
        """Runs a job to its end, its words in the log of its name. Raises OpsError when it fails or takes too long."""
        _make_private(self._logs)
        mend = f"read {self.log(job.name)}"
        with self.log(job.name).open("ab") as log:
            try:
                subprocess.run(
                    job.argv, env=dict(job.env), cwd=job.cwd, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                    timeout=job.seconds, check=True, umask=PRIVATE_UMASK,
                )  # fmt: skip
            except subprocess.TimeoutExpired as error:
                raise OpsError(f"{job.name} took over {job.seconds:.0f} s.", mend, self.tail(job.name)) from error
            except subprocess.CalledProcessError as error:
                raise OpsError(f"{job.name} failed.", mend, self.tail(job.name)) from error

    def log(self, name: str) -> Path:
        """Where its standard output and error go."""
        return self._logs / f"{name}.log"

    def tail(self, name: str, lines: int = LOG_TAIL_LINES) -> str:
        """The last lines of its log."""
        log = self.log(name)
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:]) if log.exists() else ""

    def _spawn(self, program: Program) -> None:
        for directory in (self._pidfiles.directory, self._logs):
            _make_private(directory)
        log = self.log(program.name)
        if log.exists() and log.stat().st_size > LOG_LIMIT_BYTES:
            log.replace(log.with_suffix(".log.1"))
        with log.open("ab") as output:
            child = subprocess.Popen(
                program.argv, env=dict(program.env), cwd=program.cwd, user=program.user, group=program.user,
                extra_groups=[] if program.user else None, umask=program.umask, start_new_session=True,
                stdin=subprocess.DEVNULL, stdout=output, stderr=output,
            )  # fmt: skip
        _children[child.pid] = child
        born = identity.identity(child.pid) or ""
        number, seconds = program.stop_signal, program.stop_seconds
        self._pidfiles.write(
            program.name, Record(child.pid, born, program.fingerprint, str(program.cwd), number, seconds)
        )

    def _sweep(self, name: str) -> None:
        """Ends what a crashed process left behind, such as nginx workers that still hold the port."""
        if record := self._pidfiles.read(name):
            left = record.leftovers()
            for pid in left:
                identity.send(pid, signal.SIGKILL)
            wait_until(lambda: not any(map(identity.identity, left)), GONE_SECONDS)
            self._pidfiles.forget(name)


def _make_private(directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    directory.chmod(0o700)
