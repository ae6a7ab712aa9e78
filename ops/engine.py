"""Which engine runs the platform. Standard library only: it is asked before the virtual environment exists."""

import shutil
import subprocess
from typing import Literal

from ops.failure import OpsError

Engine = Literal["docker", "native"]
ANSWER_SECONDS = 10


def docker_answers() -> bool:
    """Whether a Docker engine and the compose plugin answer within ten seconds each."""
    if shutil.which("docker") is None:
        return False
    return all(_succeeds(*command) for command in (("docker", "info"), ("docker", "compose", "version")))


def choose(wanted: str) -> Engine:
    """The engine asked for, or for "" Docker when it answers and native otherwise. Raises OpsError for another name."""
    if wanted == "native":
        return "native"
    if wanted == "docker":
        if not docker_answers():
            raise OpsError(
                "No Docker engine with the compose plugin answers.",
                "start Docker (systemctl start docker) and install docker-compose-plugin, or use ENGINE=native",
            )
        return "docker"
    if wanted:
        raise OpsError(f"ENGINE={wanted} is unknown.", "use ENGINE=docker or ENGINE=native")
    return "docker" if docker_answers() else "native"


def _succeeds(*command: str) -> bool:
    try:
        result = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            timeout=ANSWER_SECONDS, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return False
    return result.returncode == 0
