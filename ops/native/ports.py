"""Ports that collide with nobody: remembered per instance, and known to everyone of this machine and user.

They come from below the range the kernel hands out for outgoing connections (32768 and up on Linux): from there
a connection could take the port of a server that is stopped for a moment.
"""

import fcntl
import json
import os
import socket
import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

from ops.failure import OpsError

POOL = range(20000, 32000)
REGISTRY = Path(tempfile.gettempdir()) / f"academy-ports-{os.getuid()}.json"


def allocate(
    directory: Path, names: Sequence[str], in_use: frozenset[str], preferred: Mapping[str, int]
) -> dict[str, int]:
    """A port for each name: the remembered one while it is free or ours, else the preferred one, else any free one.

    A name is `process` or `process:purpose`; `in_use` names our living processes, whose ports are kept unasked.
    """
    memory = directory / "ports.json"
    remembered: dict[str, int] = json.loads(memory.read_text()) if memory.exists() else {}
    with _registry() as taken:
        ports: dict[str, int] = {}
        for name in names:
            kept = remembered.get(name) if name.partition(":")[0] in in_use else None
            candidates = [port for port in (remembered.get(name), preferred.get(name)) if port]
            ports[name] = kept or _first_free(candidates, {*ports.values(), *remembered.values(), *map(int, taken)})
        for port in [port for port, owner in taken.items() if owner == str(directory)]:
            del taken[port]
        taken |= dict.fromkeys(map(str, ports.values()), str(directory))
    memory.write_text(json.dumps(ports, indent=2))
    return ports


def is_free(port: int) -> bool:
    """Whether nobody listens on this TCP port, on any address."""
    for host in ("127.0.0.1", "0.0.0.0"):  # nosec B104 # only asks whether the port is free
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                return False
    return True


def any_free(avoid: Collection[int] = ()) -> int:
    """A free port of our range, claimed from every other caller until this process ends.

    Args:
        avoid: ports not to take.

    Raises:
        OpsError: none is free.
    """
    with _registry() as taken:
        port = _first_free([], {*avoid, *map(int, taken)})
        # The directory of a living process stands for it, as an instance's own directory does.
        taken[str(port)] = f"/proc/{os.getpid()}"
    return port


def _first_free(candidates: Iterable[int], avoid: Collection[int]) -> int:
    unclaimed = (port for port in POOL if port not in avoid)
    found = next((port for port in chain(candidates, unclaimed) if is_free(port)), None)
    if found is None:
        raise OpsError("No free TCP port between 20000 and 32000.", "stop servers you do not need")
    return found


@contextmanager
def _registry() -> Iterator[dict[str, str]]:
    """Port -> its owner's directory, for this machine and user, locked while it is open; dead owners are dropped."""
    handle = os.open(REGISTRY, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        try:
            known: dict[str, str] = json.loads(file.read() or "{}")
        except ValueError:
            known = {}
        taken = {port: owner for port, owner in known.items() if Path(owner).exists()}
        yield taken
        file.seek(0)
        file.truncate()
        json.dump(taken, file)
