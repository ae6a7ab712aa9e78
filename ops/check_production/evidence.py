"""What the checks look at."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ops.check_production.stage import Stage
from ops.failure import OpsError
from ops.native import probes
from ops.secret_files import SIGNING_KEY
from shared.schema_version import head

TRIAL = """\
from alembic import op

revision = "{revision}"
down_revision = "{head}"


def upgrade() -> None:
    op.execute("CREATE TABLE trial (id int)")
"""

# Changes the name of the first administrator, which notifications and certificates hear of.
RENAME = """
import sys, httpx
api = httpx.Client(base_url="http://identity-api:8000/api/v1", trust_env=False)
person = {"email": sys.argv[1], "password": open("/run/secrets/admin_password").read().strip()}
token = api.post("/auth/login", json=person).raise_for_status().json()["access_token"]
headers = {"Authorization": f"Bearer {token}", "If-Match": "*"}
api.patch("/users/me", json={"name": "Renamed"}, headers=headers).raise_for_status()
"""


def expect(held: object, found: str) -> None:
    """Raises OpsError with what was found when a check did not hold."""
    if not held:
        raise OpsError(found)


def by_service(stage: Stage) -> dict[str, dict[str, Any]]:
    """The containers by the name of their service."""
    return {container["Config"]["Labels"]["com.docker.compose.service"]: container for container in stage.containers()}


def secrets_in(stage: Stage, text: str) -> list[str]:
    """The names of the secrets that a text holds."""
    # A text of several lines, such as a key, is found by each of its long lines.
    return [
        path.name
        for path in stage.secrets.iterdir()
        if any(len(line) > 12 and line in text for line in path.read_text().splitlines() if "-----" not in line)
    ]


def access(path: Path) -> tuple[int, int, int]:
    """Owner, group and mode of a file."""
    status = path.stat()
    return status.st_uid, status.st_gid, status.st_mode


def published(stage: Stage) -> set[str]:
    """The ids of the signing keys that identity publishes."""
    url = "http://identity-api:8000/.well-known/jwks.json"
    answer = stage.compose("exec", "-T", "gateway", "curl", "--fail", "--silent", "--show-error", url).stdout
    return {key["kid"] for key in json.loads(answer)["keys"]}


def rotation(stage: Stage, step: str) -> list[str]:
    """The command that rotates the signing key."""
    # docs/operations.md shows this command to operators.
    container = ["docker", "run", "--rm", "--network", "none", "--user", "0", "--volume", f"{stage.secrets}:/secrets"]
    job = ["python", "-m", "services.identity.key_rotation", step, f"/secrets/{SIGNING_KEY}"]
    return [*container, f"academy/identity:{stage.release}", *job]


def write_trial_migration(folder: Path) -> str:
    """Adds a migration to catalog's; returns its revision."""
    revision = f"{int(head('catalog')) + 1:04}"
    path = folder / f"services/catalog/migrations/versions/{revision}_trial.py"
    path.write_text(TRIAL.format(revision=revision, head=head("catalog")))
    return revision


def publish_an_event(stage: Stage) -> None:
    """Returns when the broker has it."""
    password = f"{stage.secrets}/admin_password:/run/secrets/admin_password:ro"
    script = ["python", "-c", RENAME, stage.variables()["ADMIN_EMAIL"]]
    stage.compose("run", "--rm", "--no-deps", "-T", "--volume", password, "identity-worker", *script)
    waiting = "SELECT count(*) FROM identity.outbox WHERE published_at IS NULL"
    psql = ["exec", "-T", "postgres", "psql", "-U", "postgres", "-d", "academy", "-Atc", waiting]
    wait_until(lambda: stage.compose(*psql).stdout.strip() == "0", "the event was not published")


def dead_events(stage: Stage) -> str:
    """What `make dead` shows."""
    return stage.ops("dead", "--engine", "docker", check=False).stdout


def wait_until(condition: Callable[[], bool], failure: str) -> None:
    """Raises OpsError with `failure` when the condition does not hold within 100 s."""
    # `make dead` shows an event as lost after a minute.
    if not probes.wait_until(condition, 100):
        raise OpsError(failure)
