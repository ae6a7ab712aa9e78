"""What a process is: everything needed to start it, to know it is ready and to stop it."""

import hashlib
import json
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ops.native.probes import Probe

PRIVATE_UMASK = 0o077


@dataclass(frozen=True)
class Program:
    """A process to keep running. Times are in seconds; `version` changes when its code or configuration does."""

    name: str
    argv: tuple[str, ...]
    ready: Probe
    cwd: Path
    env: Mapping[str, str] = field(default_factory=dict)
    user: str | None = None
    # Data, logs and pid files are of no other user's business.
    umask: int = PRIVATE_UMASK
    version: str = ""
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 30.0
    ready_seconds: float = 60.0

    @property
    def fingerprint(self) -> str:
        """Changes when the process must be restarted to be what is described here."""
        parts = [self.argv, sorted(self.env.items()), self.user, self.umask, self.version]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


@dataclass(frozen=True)
class Job:
    """A process that runs to its end, at most `seconds` long."""

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    cwd: Path
    seconds: float = 120.0
