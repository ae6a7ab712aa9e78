"""Programs whose output is read, not shown."""

import subprocess
from collections.abc import Mapping, Sequence

from ops.failure import OpsError
from ops.places import ROOT

Ran = subprocess.CompletedProcess[str]


def run(command: Sequence[str], words: str = "", environment: Mapping[str, str] | None = None) -> Ran:
    """Runs a program in the repository with `words` as its standard input."""
    return subprocess.run(command, cwd=ROOT, env=environment, input=words, capture_output=True, text=True, check=False)


def output_of(ran: Ran) -> str:
    """The standard output of a program that succeeded. Raises OpsError with its last words when it failed."""
    if ran.returncode:
        words = (ran.stderr or ran.stdout).strip()[-2000:]
        raise OpsError(f"{' '.join(ran.args[-4:])} ended with code {ran.returncode}.", "make status, make logs", words)
    return ran.stdout
