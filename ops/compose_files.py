"""Which compose files a command uses: production's simulators are left out, and a running platform keeps its files."""

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from ops.failure import OpsError
from ops.places import ROOT

PRODUCTION = "docker-compose.yml"
# Adds the simulators, and points billing and notifications at them.
DEVELOPMENT = "docker-compose.override.yml"
LABEL = "com.docker.compose.project"
# `${NAME:?meaning}`, but not the `$${NAME:?...}` that a shell in the container reads.
REQUIRED = re.compile(r"(?<!\$)\$\{([A-Z][A-Z0-9_]*):\?([^}]*)\}")


def variable(name: str, env: Mapping[str, str]) -> str:
    """A variable as docker compose reads it: the shell's goes before the one of `.env`. "" when neither is set."""
    return os.environ.get(name) or plain(env.get(name, ""))


def plain(value: str) -> str:
    """A value of `.env` without its quotes or the comment behind it."""
    value = value.strip()
    if value[:1] in ("'", '"') and value.rfind(value[0]) > 0:
        return value[1 : value.rfind(value[0])]
    return value.split(" #", 1)[0].rstrip()


def is_production(env: Mapping[str, str]) -> bool:
    """Whether `env`, the content of `.env`, is a production platform's.

    As in docker-compose.yml, a platform whose ENVIRONMENT is not set is one. Without `.env` there is no platform yet.
    """
    if not env and not os.environ.get("ENVIRONMENT"):
        return False
    return variable("ENVIRONMENT", env) != "development"


def choose_files(env: Mapping[str, str]) -> list[str]:
    """The files for `docker compose --file`. Raises OpsError when COMPOSE_FILE adds the simulators to production."""
    production = is_production(env)
    named = variable("COMPOSE_FILE", env)
    if named:
        files = named.split(variable("COMPOSE_PATH_SEPARATOR", env) or os.pathsep)
        if production and has_simulators(files):
            raise OpsError(
                f"COMPOSE_FILE names {DEVELOPMENT}, which points payments and mail at simulators, and"
                " ENVIRONMENT is production.",
                f"take {DEVELOPMENT} out of COMPOSE_FILE",
            )
        return files
    running = _files_of_running(variable("COMPOSE_PROJECT_NAME", env) or "academy")
    if production:
        return [file for file in running if not has_simulators([file])] or [PRODUCTION]
    # A platform that was started without the simulators does not get them while it runs.
    return running or [PRODUCTION, DEVELOPMENT]


def missing_variables(files: list[str], env: Mapping[str, str]) -> list[str]:
    """A line for each variable that the files require and that is not set: its name, and what it means."""
    required: dict[str, str] = {}
    for file in files:
        for name, meaning in REQUIRED.findall((ROOT / file).read_text()):
            required[name] = required.get(name) or meaning
    return [f"set {name} in .env: {meaning}" for name, meaning in required.items() if not variable(name, env)]


def has_simulators(files: list[str]) -> bool:
    """Whether the files add the simulators."""
    return any(Path(file).name == DEVELOPMENT for file in files)


def _files_of_running(project: str) -> list[str]:
    """The files that the containers of this folder's platform were made from; none when there are no containers."""
    listing = ["docker", "ps", "--all", "--format", f'{{{{.Label "{LABEL}.config_files"}}}}']
    filters = [f"label={LABEL}={project}", f"label={LABEL}.working_dir={ROOT}"]
    answer = subprocess.run(
        [*listing, *(word for text in filters for word in ("--filter", text))],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if answer.returncode:
        raise OpsError("docker ps failed.", "see whether the Docker engine runs", answer.stderr.strip())
    # Containers of one-off commands may name fewer files than the others.
    made_from = sorted({line for line in answer.stdout.splitlines() if line}, key=lambda line: line.count(","))
    return made_from[-1].split(",") if made_from else []
