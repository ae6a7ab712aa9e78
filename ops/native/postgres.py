"""A private PostgreSQL: TCP on the loopback only, scram passwords, its own data directory and user."""

import os
import shutil
import signal
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg2

from ops.failure import OpsError
from ops.native import identity
from ops.native.packages import find_postgres
from ops.native.probes import Probe, wait_until
from ops.native.program import Program
from ops.native.reach import server_user
from ops.native.secrets import write_private

ADMIN = "postgres"
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    # No socket file at all: there is nothing that another user of the machine could open.
    "unix_socket_directories": "",
    "shared_buffers": "128MB",
    "max_connections": "300",
    "log_line_prefix": "%m [%p] %u ",
    "log_min_duration_statement": "500ms",
}
DATABASE = "academy"
GONE_SECONDS = 10
ENVIRONMENT = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "TZ": "UTC"}
# Tests throw the whole server away afterwards, so they need no data that survives a power cut.
DISPOSABLE = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}


@dataclass(frozen=True)
class Postgres:
    """One server. `home` is a directory that the server's user can reach."""

    home: Path
    port: int
    password: str
    disposable: bool = False

    @property
    def data(self) -> Path:
        """The data directory."""
        return self.home / "postgres"

    def program(self) -> Program:
        """How it is run. SIGINT is Postgres' fast shutdown, which writes everything down; SIGQUIT does not bother."""
        settings = SETTINGS | {"port": str(self.port)} | (DISPOSABLE if self.disposable else {})
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return Program(
            name="postgres",
            argv=(str(_binaries() / "postgres"), "-D", str(self.data), *options),
            ready=answers("127.0.0.1", self.port, self.password),
            cwd=self.home,
            env=ENVIRONMENT,
            user=_user(),
            stop_signal=signal.SIGQUIT if self.disposable else signal.SIGINT,
        )

    def prepare(self) -> None:
        """Makes the data directory when there is none, and clears away what a crash left. Raises OpsError."""
        left = identity.working_in(self.data)
        for pid in left:
            # Children of a killed server: while one lives, Postgres refuses to start on its data.
            identity.send(pid, signal.SIGKILL)
        wait_until(lambda: not any(map(identity.identity, left)), GONE_SECONDS)
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        if not (self.data / "PG_VERSION").exists():
            self._initdb()

    def _initdb(self) -> None:
        # A data directory that initdb did not finish has no use; initdb refuses to go on with one.
        shutil.rmtree(self.data, ignore_errors=True)
        self.data.mkdir(mode=0o700)
        password = self.home / "postgres-password"
        write_private(password, self.password)
        if user := _user():
            for path in (self.data, password):
                shutil.chown(path, user, user)
        options = [f"--pwfile={password}", "--encoding=UTF8", "--locale=C.UTF-8"]
        options += ["--no-sync"] if self.disposable else []
        try:
            self._tool("initdb", "-U", ADMIN, "--auth=scram-sha-256", *options)
            # Before the server exists, its single-user mode is the only way in.
            self._tool("postgres", "--single", "postgres", words=f"CREATE DATABASE {DATABASE}\n")
        except subprocess.CalledProcessError as error:
            shutil.rmtree(self.data, ignore_errors=True)
            raise OpsError("initdb failed.", f"see whether {self.home} can be written", error.stderr) from error
        finally:
            password.unlink()

    def _tool(self, name: str, *arguments: str, words: str = "") -> None:
        user = _user()
        subprocess.run(
            [str(_binaries() / name), *arguments], cwd=self.home, env=ENVIRONMENT | {"PGDATA": str(self.data)},
            user=user, group=user, extra_groups=[] if user else None,
            input=words, capture_output=True, text=True, check=True,
        )  # fmt: skip


def answers(host: str, port: int, password: str) -> Probe:
    """Asks whether the administrator can log in."""

    def ask() -> bool:
        with suppress(psycopg2.OperationalError):
            psycopg2.connect(
                host=host, port=port, user=ADMIN, password=password, dbname="postgres", connect_timeout=2
            ).close()
            return True
        return False

    return ask


def _binaries() -> Path:
    return find_postgres() or Path("/usr/bin")


def _user() -> str | None:
    return server_user("postgres")
