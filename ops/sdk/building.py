"""Runs the generators: openapi-python-client, and openapi-typescript for openapi-fetch."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from ops.failure import OpsError
from ops.native.packages import find_npm
from ops.openapi.contract import PRESENT

HERE = Path(__file__).parent
SECONDS = 300


def build_python(target: Path) -> Path:
    """The package `academy_client` in `target`/python; returns the directory to put on the path or to pip install."""
    made = target / "python"
    options = ("--path", str(PRESENT), "--output-path", str(made), "--overwrite", "--config", str(HERE / "python.json"))
    _run([sys.executable, "-m", "openapi_python_client", "generate", *options], target)
    return made


def build_typescript(target: Path) -> Path:
    """The package `@academy/client` in `target`/typescript, type-checked; returns its directory."""
    made = target / "typescript"
    shutil.copytree(HERE / "typescript", made, dirs_exist_ok=True)
    shutil.copy(PRESENT, made / "openapi.json")
    npm = str(find_npm() or "npm")
    _run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], made)
    _run([npm, "run", "build"], made)
    return made


def _run(command: list[str], place: Path) -> None:
    place.mkdir(parents=True, exist_ok=True)
    # The Python generator formats what it made with the ruff beside this interpreter.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    done = subprocess.run(
        command,
        cwd=place,
        env={**os.environ, "PATH": path},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    if done.returncode:
        tail = "\n".join((done.stdout + done.stderr).splitlines()[-15:])
        raise OpsError(
            f"{' '.join(command[:4])} failed.", "read its last words; is the package registry reachable?", tail
        )
