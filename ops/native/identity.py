"""Who a process is. A pid alone may belong to a stranger after a reboot or a long time; with its start time it cannot.

Linux only: everything is read from /proc.
"""

import os
import signal
from pathlib import Path

TREE_SIGNALS = {signal.SIGKILL, signal.SIGSTOP, signal.SIGCONT}


def identity(pid: int) -> str | None:
    """Boot id and start time (clock ticks since boot) of a living process; None when it is gone or a zombie."""
    fields = _stat(pid)
    if fields is None or fields[0] in "ZX":
        return None
    return f"{boot_id()}:{fields[19]}"


def boot_id() -> str:
    """Names the present run of the kernel."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def descendants(pid: int) -> list[int]:
    """Pids of the children of a process, their children and so on; parents come first."""
    children: dict[int, list[int]] = {}
    for other in _pids():
        if fields := _stat(other):
            children.setdefault(int(fields[1]), []).append(other)
    found = [pid]
    for parent in found:
        found += children.get(parent, [])
    return found[1:]


def leftovers(leader: int) -> list[int]:
    """Living pids of the session that `leader` once led; empty while a process of that pid lives.

    The kernel gives a pid to nobody else while a session still carries it.
    """
    if identity(leader):
        return []
    return [pid for pid in _pids() if (fields := _stat(pid)) and int(fields[3]) == leader and fields[0] not in "ZX"]


def working_in(directory: Path) -> list[int]:
    """Pids whose working directory is `directory`."""
    return [pid for pid in _pids() if _cwd(pid) == str(directory)]


def send(pid: int, number: signal.Signals) -> None:
    """Signals a process; SIGKILL, SIGSTOP and SIGCONT reach its whole tree, since they cannot be passed on."""
    targets = [pid]
    if number in TREE_SIGNALS:
        targets += descendants(pid)
    for target in targets:
        try:
            os.kill(target, number)
        except ProcessLookupError:
            continue


def _pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _stat(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat from the state on (proc(5) field 3 is index 0), or None."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    except OSError:
        return None


def _cwd(pid: int) -> str:
    try:
        return os.readlink(f"/proc/{pid}/cwd")
    except OSError:
        return ""
