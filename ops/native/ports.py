"""Ports that collide with nobody: remembered per instance, and known to every instance of this machine and user.

They come from below the range the kernel hands out for outgoing connections (32768 and up on Linux): from there
a connection could take the port of a server that is stopped for a moment.
"""

import fcntl
import json
import os
import socket
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
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
            ports[name] = kept or _first_free(candidates, taken, {*ports.values(), *remembered.values()})
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


def _first_free(candidates: list[int], taken: Mapping[str, str], avoid: set[int]) -> int:
    found = next((port for port in candidates if is_free(port)), None)
    return found or any_free(avoid | {int(port) for port in taken})


def any_free(avoid: Collection[int] = ()) -> int:
    """The first free port of our range that is not in `avoid`. Raises OpsError when there is none."""
    for port in POOL:
        if port not in avoid and is_free(port):
            return port
    raise OpsError("No free TCP port between 20000 and 32000.", "stop servers you do not need")


@contextmanager
def _registry() -> Iterator[dict[str, str]]:
    """Port -> instance directory, for this machine and user, locked while it is open; dead instances are dropped."""
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
