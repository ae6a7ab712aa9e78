"""The whole platform as native processes in one directory: for `make up`, the tests, the demo and the fault harness."""

import json
import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ops import captured
from ops.failure import OpsError
from ops.native import mail, packages
from ops.native.instance import Instance
from ops.native.program import Program
from ops.native.progress import Progress
from ops.native.runner import Runner, Unit
from ops.native.secrets import write_private
from ops.native.state import describe
from ops.native.table import PORTS, PREFERRED_PORTS, Overrides, Table, module
from ops.places import ROOT, SERVICES, TOOLS, VAR

# The instance of the command line.
NATIVE = Path(os.environ.get("PLATFORM_DIRECTORY") or VAR / "native").resolve()


class Platform:
    """One platform. `services` starts fewer of them; `overrides` adds variables per process name.

    Only the instance of `make up` prefers the well-known ports; the others take any free ones.
    """

    def __init__(
        self,
        directory: Path = NATIVE,
        services: Sequence[str] = SERVICES,
        overrides: Overrides | None = None,
        progress: Progress | None = None,
    ) -> None:
        self._instance = Instance(directory)
        self._services = services
        self._overrides = overrides
        self._progress = progress or Progress(quiet=True)
        self._supervisor = self._instance.supervisor
        self._runner = Runner(self._supervisor, self._progress.done)

    def up(self) -> dict[str, Any]:
        """Starts what does not run yet, restarts what changed, waits until all is ready. Returns the state."""
        packages.ensure(packages.WANTED, TOOLS, self._progress.say)
        mail.install(TOOLS, self._progress.say)
        instance = self._instance
        with instance.locked():
            instance.prepare(PORTS, PREFERRED_PORTS if instance.directory == NATIVE else {})
            if instance.home != instance.directory:
                self._progress.say(f"Postgres and nginx keep their files in {instance.home}: they cannot enter here")
            table = self._table()
            # Before the start too: after a failed one, `make status` shows how far it came.
            self._write_state(table)
            self._runner.up(table.units())
            self._write_state(table)
        return self.state

    def down(self) -> None:
        """Stops everything, gateway and services first. Data stays."""
        if not self._instance.directory.exists():
            return
        with self._instance.locked():
            names = list(self.pids())
            self._runner.down(self._table().units() if names else [], names)

    def remove(self) -> None:
        """Stops everything and deletes all data."""
        self.down()
        self._instance.remove()

    @property
    def state(self) -> dict[str, Any]:
        """What `platform.json` says, with the pids of now. Raises OpsError before the first `up`."""
        path = self._instance.directory / "platform.json"
        if not path.exists():
            raise OpsError(f"No platform was started in {self._instance.directory}.", "run make up")
        return {**json.loads(path.read_text()), "pids": self.pids()}

    def pids(self) -> dict[str, int]:
        """The living processes by name."""
        return self._supervisor.pids()

    def readiness(self) -> dict[str, bool]:
        """Every process there should be, and whether it runs and is ready now. Empty before the first `up`."""
        if not self._instance.ports:
            return {}
        programs = [unit.runs for unit in self._table().units() if isinstance(unit.runs, Program)]
        living = self.pids()
        return {program.name: program.name in living and program.ready() for program in programs}

    def running(self) -> dict[str, str]:
        """The living processes, and their pid."""
        return {name: str(pid) for name, pid in self.pids().items()}

    def start(self, name: str) -> None:
        """Starts one process (or runs one job again) and waits until it is ready. Raises OpsError."""
        self._runner.start(self._unit(name))

    def stop(self, name: str) -> None:
        """Stops one process in the orderly way. Raises OpsError for an unknown name."""
        self._supervisor.stop(self._unit(name).name)

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> None:
        """Sends any signal to one process; SIGKILL, SIGSTOP and SIGCONT to its children too. Raises OpsError."""
        self._supervisor.kill(self._unit(name).name, number)

    def log(self, name: str) -> Path:
        """The file with the output of a process or job."""
        return self._supervisor.log(name)

    def run(self, service: str, *arguments: str) -> int:
        """Runs `python -m <arguments>` with what a service's processes are told; returns its exit code."""
        environment = self._table().environment.service(service)
        return subprocess.run(module(*arguments), cwd=ROOT, env=environment, check=False).returncode

    def ask(self, service: str, arguments: Sequence[str], words: str = "") -> str:
        """Runs `python -m <arguments>` like `run`, with `words` as its standard input. Returns its standard output.
        Raises OpsError when it fails."""
        environment = self._table().environment.service(service)
        return captured.output_of(captured.run(module(*arguments), words, environment))

    def _write_state(self, table: Table) -> None:
        state = {**describe(self._instance, table.environment), "pids": self.pids()}
        write_private(self._instance.directory / "platform.json", json.dumps(state, indent=2))

    def _table(self) -> Table:
        return Table(self._instance, self._services, self._overrides)

    def _unit(self, name: str) -> Unit:
        units = {unit.name: unit for unit in self._table().units()}
        if name not in units:
            raise OpsError(f"No process is called {name}.", f"one of: {', '.join(sorted(units))}")
        return units[name]
