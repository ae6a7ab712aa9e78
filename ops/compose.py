"""The platform under Docker Compose. Compose does the work; this adds the secrets and reads addresses back."""

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any

from ops import captured, dotenv
from ops.failure import OpsError
from ops.native.progress import Progress
from ops.places import ROOT, SERVICES, VAR

ENV = ROOT / ".env"
EXAMPLE = ROOT / ".env.example"
KEYS = VAR / "docker"
WAIT_SECONDS = 300
# The OpenID simulator as identity's api reaches it.
OPENID_ISSUER = "http://openid-simulator:8070"


class Compose:
    """`docker compose` in the repository, with the same face as the native platform."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def up(self) -> dict[str, Any]:
        """Builds, starts and waits until all is healthy. Returns the state. Raises OpsError."""
        dotenv.complete(ENV, EXAMPLE, KEYS)
        self._progress.say("docker compose up --build --wait")
        self._show("up", "--detach", "--build", "--wait", "--wait-timeout", str(WAIT_SECONDS), "--remove-orphans")
        return self.state

    def down(self) -> None:
        """Stops and removes the containers; volumes, and so the data, stay."""
        self._show("down", "--remove-orphans")

    def remove(self) -> None:
        """Stops and removes the containers and their data."""
        self._show("down", "--remove-orphans", "--volumes")

    def logs(self, name: str, lines: int, follow: bool) -> None:
        """Shows the last lines of one service, or of all for ""."""
        options = ["--tail", str(lines), *(["--follow"] if follow else [])]
        self._show("logs", *options, *([name] if name else []))

    def run(self, service: str, *arguments: str) -> int:
        """Runs `python -m <arguments>` in a service's worker; returns its exit code."""
        inside = ["docker", "compose", "exec", "-T", f"{service}-worker", "python", "-m", *arguments]
        return subprocess.run(inside, cwd=ROOT, check=False).returncode

    def ask(self, service: str, arguments: Sequence[str], words: str = "") -> str:
        """Runs `python -m <arguments>` in a service's worker, or in a container of its own when that does not run, with
        `words` as its standard input. Returns its standard output. Raises OpsError when it fails."""
        inside = [f"{service}-worker", "python", "-m", *arguments]
        ran = captured.run(["docker", "compose", "exec", "-T", *inside], words)
        if ran.returncode and "is not running" in ran.stderr:
            ran = captured.run(["docker", "compose", "run", "--rm", "--no-deps", "-T", *inside], words)
        return captured.output_of(ran)

    def readiness(self) -> dict[str, bool]:
        """Every running container's service, and whether it is healthy (or runs, when it has no health check)."""
        return {
            container["Service"]: container["State"] == "running" and container.get("Health") in ("", None, "healthy")
            for container in self._containers()
        }

    @property
    def state(self) -> dict[str, Any]:
        """The same names as the native state. Services and servers are not published: their addresses are inside."""
        env = dotenv.read(ENV)
        gateway = env.get("PUBLIC_URL", "http://localhost:8080")
        return {
            "engine": "docker",
            "gateway": gateway,
            "mail": f"http://localhost:{env.get('MAIL_PORT', '1080')}",
            # Empty where people sign in by others.
            "openid": f"http://localhost:{env.get('OPENID_PORT', '8070')}" if _offers_simulator(env) else "",
            "stripe": f"http://localhost:{env.get('STRIPE_PORT', '8090')}",
            "billing_webhook": f"{gateway}/api/v1/payments/webhooks/stripe",
            "stripe_webhook_secret": env.get("STRIPE_WEBHOOK_SECRETS", "").partition(",")[0],
            "services": {
                name: {"api": f"http://{name}-api:8000", "worker": f"http://{name}-worker:8001"} for name in SERVICES
            },
            "admin": {"email": env.get("ADMIN_EMAIL", ""), "password": env.get("ADMIN_PASSWORD", "")},
            "pids": {},
        }

    def _containers(self) -> list[dict[str, Any]]:
        answer = subprocess.run(
            ["docker", "compose", "ps", "--format", "json"], cwd=ROOT, capture_output=True, text=True, check=False
        )
        if answer.returncode:
            raise OpsError("docker compose ps failed.", "see whether the Docker engine runs", answer.stderr.strip())
        # Compose up to 2.20 prints one list, later ones one object a line.
        text = answer.stdout.strip()
        listed = json.loads(text) if text.startswith("[") else [json.loads(line) for line in text.splitlines()]
        return [dict(container) for container in listed]

    def _show(self, *arguments: str) -> None:
        if subprocess.run(["docker", "compose", *arguments], cwd=ROOT, check=False).returncode:
            raise OpsError(f"docker compose {arguments[0]} failed.", "its own words are above; make logs shows more")


def _offers_simulator(env: Mapping[str, str]) -> bool:
    # A variable of the shell goes before the file, as with docker compose itself.
    return OPENID_ISSUER in (os.environ.get("SIGN_IN_PROVIDERS") or env.get("SIGN_IN_PROVIDERS", ""))
