"""Finds the server programs and installs the missing ones from the distribution's packages.

Standard library only: `make` runs it beside `pip install`, before the virtual environment is complete.
"""

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ops.failure import OpsError
from ops.places import TOOLS

POLICY = Path("/usr/sbin/policy-rc.d")
SYSTEM_PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin", "/sbin"])
LOCK_SECONDS = 300


@dataclass(frozen=True)
class Wanted:
    """A program, how it is found, the packages that bring it and the units those would start at boot."""

    name: str
    find: Callable[[], Path | None]
    packages: tuple[str, ...]
    units: tuple[str, ...] = ()


def find_program(name: str) -> Path | None:
    """The program's path, or None; looks into the sbin directories too, which a plain user's PATH lacks."""
    found = shutil.which(name, path=SYSTEM_PATH)
    return Path(found) if found else None


def find_postgres() -> Path | None:
    """The directory with initdb and postgres of the newest PostgreSQL installed, or None."""
    versions = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest = max(versions, key=lambda path: float(path.parts[-3]), default=None)
    found = newest or find_program("initdb")
    return found.resolve().parent if found else None


def find_rabbitmq() -> Path | None:
    """RabbitMQ's own start script, or None. Not Debian's wrapper in /usr/sbin: that one switches users."""
    packaged = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
    return packaged if packaged.exists() else None


def find_npm() -> Path | None:
    """npm's path when node is there as well, or None."""
    return find_program("npm") if find_program("node") else None


WANTED = (
    Wanted("PostgreSQL", find_postgres, ("postgresql",), ("postgresql.service",)),
    Wanted("RabbitMQ", find_rabbitmq, ("rabbitmq-server",), ("rabbitmq-server.service", "epmd.socket")),
    Wanted("nginx", lambda: find_program("nginx"), ("nginx",), ("nginx.service",)),
    Wanted("Node.js", find_npm, ("nodejs", "npm")),
)
SERVERS = WANTED[:2]
# Only for `make bench`.
WRK = Wanted("wrk", lambda: find_program("wrk"), ("wrk",))


def ensure(wanted: tuple[Wanted, ...], work: Path, say: Callable[[str], None]) -> None:
    """Installs what is missing of `wanted`; `work` takes apt's log. Raises OpsError when it cannot."""
    if not [program for program in wanted if program.find() is None]:
        return
    work.mkdir(parents=True, exist_ok=True)
    with (work / "packages.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        missing = [program for program in wanted if program.find() is None]
        if missing:
            _install(missing, work / "packages.log", say)


def apt_install(packages: list[str], log: Path) -> None:
    """Installs distribution packages as root without starting their services. Raises OpsError with apt's words."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with _no_service_starts(), log.open("ab") as output:
        for command in (["update", "-q"], ["install", "-y", "-q", "--no-install-recommends", *packages]):
            argv = ["apt-get", "-o", f"DPkg::Lock::Timeout={LOCK_SECONDS}", *command]
            result = subprocess.run(
                argv, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, check=False,
                env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
            )  # fmt: skip
            # A mirror that fails to refresh is no reason to stop: the lists at hand may do.
            if result.returncode and command[0] == "install":
                tail = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
                raise OpsError(f"apt-get could not install {' '.join(packages)}.", f"see {log}", tail)


def _install(missing: list[Wanted], log: Path, say: Callable[[str], None]) -> None:
    packages = [package for program in missing for package in program.packages]
    names = ", ".join(program.name for program in missing)
    command = f"apt-get install --no-install-recommends {' '.join(packages)}"
    if find_program("apt-get") is None:
        raise OpsError(f"{names} missing, and no apt-get here to install it.", "install it with your package manager")
    if os.geteuid() != 0:
        raise OpsError(f"{names} missing.", f"run: sudo {command}")
    say(f"installing {names} from the distribution's packages ({' '.join(packages)})")
    apt_install(packages, log)
    _keep_off_at_boot([unit for program in missing for unit in program.units])
    still = [program.name for program in missing if program.find() is None]
    if still:
        raise OpsError(f"{', '.join(still)} still missing after installing {' '.join(packages)}.", f"see {log}")


@contextmanager
def _no_service_starts() -> Iterator[None]:
    # Debian's own switch (invoke-rc.d, deb-systemd-invoke): exit code 101 forbids a package to start its service.
    ours = not POLICY.exists()
    if ours:
        POLICY.write_text("#!/bin/sh\nexit 101\n")
        POLICY.chmod(0o755)
    try:
        yield
    finally:
        if ours:
            POLICY.unlink(missing_ok=True)


def _keep_off_at_boot(units: list[str]) -> None:
    systemctl = find_program("systemctl")
    if systemctl and units:
        quiet = subprocess.DEVNULL
        subprocess.run([systemctl, "disable", *units], stdout=quiet, stderr=quiet, check=False)


if __name__ == "__main__":
    # ops/setup.sh asks for the part of Python that the distribution keeps in a package of its own.
    apt_install(sys.argv[1:], TOOLS / "packages.log")
