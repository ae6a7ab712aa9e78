"""MailDev, the mail catcher: installed once from the committed lock, kept under `var/tools` for all instances.

Standard library only: `make` fetches MailDev beside `pip install`.
"""

import fcntl
import hashlib
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from ops.failure import OpsError
from ops.native.packages import find_npm

LOCKED = Path(__file__).parent / "maildev"
FETCH_SECONDS = 180


def program(tools: Path) -> Path:
    """Where MailDev's program is or will be, by the lock's hash."""
    digest = hashlib.sha256((LOCKED / "package-lock.json").read_bytes()).hexdigest()[:12]
    return tools / f"maildev-{digest}" / "node_modules" / "maildev" / "bin" / "maildev"


def install(tools: Path, say: Callable[[str], None]) -> None:
    """Fetches MailDev into `tools` unless this version is there. Raises OpsError when npm fails."""
    home = program(tools).parents[3]
    tools.mkdir(parents=True, exist_ok=True)
    with (tools / "maildev.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (home / "complete").exists():
            say("fetching MailDev, the mail catcher")
            _fetch(home)
            (home / "complete").touch()


def _fetch(home: Path) -> None:
    home.mkdir(exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(LOCKED / name, home / name)
    # The lock carries the hash of every package; install scripts are not needed and not run.
    command = [str(find_npm() or "npm"), "ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund"]
    mend = "check that npm reaches its package registry, then run the same again"
    try:
        subprocess.run(
            command,
            cwd=home,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=FETCH_SECONDS,
            check=True,
        )
    except subprocess.TimeoutExpired as error:
        raise OpsError(f"npm did not fetch MailDev within {FETCH_SECONDS} s.", mend) from error
    except subprocess.CalledProcessError as error:
        tail = "\n".join(error.stderr.splitlines()[-10:])
        raise OpsError("npm could not fetch MailDev.", mend, tail) from error
