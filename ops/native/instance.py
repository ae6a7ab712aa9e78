"""One directory with everything a set of running processes leaves: secrets, ports, pid files, logs, data."""

import fcntl
import json
import shutil
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from ops.native import identity, ports, reach, secrets
from ops.native.supervisor import Supervisor


class Instance:
    """Where one platform lives. Instances in different directories know nothing of each other."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory.resolve()
        self.supervisor = Supervisor(self.directory)

    @cached_property
    def secrets(self) -> dict[str, str]:
        """Its secrets by lower-case variable name."""
        return secrets.load(self.directory)

    @cached_property
    def home(self) -> Path:
        """What servers with users of their own must reach: Postgres' data, uploaded files, nginx' files."""
        users = {reach.server_user("postgres"), reach.server_user("www-data", "nginx")}
        home = reach.home_for_servers(self.directory, sorted(user for user in users if user))
        if home != self.directory and not (self.directory / "secrets.json").exists():
            # The instance was deleted without `down`: what lies at its second place belongs to lost passwords.
            wipe(home)
            home.mkdir(parents=True, mode=0o711)
        return home

    @property
    def files(self) -> Path:
        """Uploaded files: written by the services, read by nginx."""
        return self.home / "files"

    @property
    def ports(self) -> dict[str, int]:
        """Its ports by name, as allocated last; empty before."""
        memory = self.directory / "ports.json"
        return dict(json.loads(memory.read_text())) if memory.exists() else {}

    def prepare(self, port_names: Sequence[str], preferred: Mapping[str, int] | None = None) -> None:
        """Makes its directories and secrets and gives each name a port that is free or already our own."""
        # In this order: without secrets, what lies in `home` is known to be left over.
        self.home.mkdir(exist_ok=True)
        reach.share_with_nginx(self.files)
        self.secrets.keys()
        ports.allocate(self.directory, port_names, frozenset(self.supervisor.pids()), preferred or {})

    @contextmanager
    def locked(self) -> Iterator[None]:
        """One start or stop at a time, whoever asks."""
        self.directory.mkdir(parents=True, exist_ok=True)
        # Servers with users of their own pass through; nobody else sees what is in it.
        self.directory.chmod(0o711)
        with (self.directory / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def remove(self) -> None:
        """Deletes everything it left; its processes must be stopped."""
        wipe(reach.fallback(self.directory))
        shutil.rmtree(self.directory, ignore_errors=True)
        # Started again, it writes down new ones; the old ones would be known to this object alone.
        self.__dict__.pop("secrets", None)


def wipe(home: Path) -> None:
    """Deletes a server directory together with what still runs on the data in it."""
    for pid in identity.working_in(home / "postgres"):
        identity.send(pid, signal.SIGKILL)
    shutil.rmtree(home, ignore_errors=True)
