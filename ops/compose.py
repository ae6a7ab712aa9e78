"""The platform under Docker Compose. Compose does the work; this adds the secrets and reads addresses back."""

import json
import subprocess
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from ops import captured, compose_files, dotenv, secret_files
from ops.failure import OpsError
from ops.native.progress import Progress
from ops.places import ROOT, SERVICES

ENV = ROOT / ".env"
EXAMPLE = ROOT / ".env.example"
WAIT_SECONDS = 300


def is_production() -> bool:
    """Whether this folder's platform under Compose is a production one."""
    return compose_files.is_production(dotenv.read(ENV))


def make_secrets(progress: Progress) -> None:
    """Makes the secret files that are missing and moves those that stand in `.env`. Raises OpsError."""
    moved, made = dotenv.prepare(ENV, EXAMPLE)
    folder = secret_files.folder_of(dotenv.read(ENV))
    if moved:
        progress.say(f"moved from .env to {folder}: {', '.join(moved)}")
    if made:
        progress.say(f"made in {folder}: {', '.join(made)}")


class Compose:
    """`docker compose` in the repository, with the same face as the native platform."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def up(self) -> dict[str, Any]:
        """Builds, starts and waits until all is healthy. Returns the state. Raises OpsError."""
        if is_production():
            # Nothing is made up for a production platform: a password that its volumes do not know would lock it.
            moved = dotenv.move_secrets(ENV)
            if moved:
                self._progress.say(f"moved from .env into secret files: {', '.join(moved)}")
            self._require_settings()
        else:
            make_secrets(self._progress)
        self._progress.say(f"docker compose up --build --wait ({', '.join(self._files)})")
        self._show("up", "--detach", "--build", "--wait", "--wait-timeout", str(WAIT_SECONDS), "--remove-orphans")
        return self.state

    def _require_settings(self) -> None:
        """Raises OpsError that lists everything that is not set, before anything starts."""
        env = dotenv.read(ENV)
        missing = compose_files.missing_variables(self._files, env)
        missing += secret_files.missing(secret_files.folder_of(env))
        if missing:
            raise OpsError("Nothing was started: settings are missing.", "\n  ".join(["", *missing]))

    def require_simulators(self) -> None:
        """Raises OpsError for a platform that runs, or would start, without simulators of payments and mail."""
        if not self._has_simulators:
            raise OpsError(
                "make demo needs the simulators of payments and mail, and this is a platform in its production shape.",
                "run it in another clone, with ENVIRONMENT=development in its .env",
            )

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
        inside = ["exec", "-T", f"{service}-worker", "python", "-m", *arguments]
        return subprocess.run([*self._command, *inside], cwd=ROOT, check=False).returncode

    def ask(self, service: str, arguments: Sequence[str], words: str = "") -> str:
        """Runs `python -m <arguments>` in a service's worker, or in a container of its own when that does not run, with
        `words` as its standard input. Returns its standard output. Raises OpsError when it fails."""
        inside = [f"{service}-worker", "python", "-m", *arguments]
        ran = captured.run([*self._command, "exec", "-T", *inside], words)
        if ran.returncode and "is not running" in ran.stderr:
            ran = captured.run([*self._command, "run", "--rm", "--no-deps", "-T", *inside], words)
        return captured.output_of(ran)

    def readiness(self) -> dict[str, bool]:
        """Every service that stays up, and whether it runs and is healthy; also jobs that failed. Empty when the
        platform has no containers."""
        containers = {container["Service"]: container for container in self._containers()}
        if not containers:
            return {}
        failed = {name for name, container in containers.items() if container.get("ExitCode")}
        return {name: _is_ready(containers.get(name)) for name in [*self._stay_up(), *sorted(failed)]}

    def running(self) -> dict[str, str]:
        """The services that run, and their container."""
        return {found["Service"]: found["Name"] for found in self._containers() if found["State"] == "running"}

    @property
    def state(self) -> dict[str, Any]:
        """The same names as the native state. Services and servers are not published: their addresses are inside."""
        env = dotenv.read(ENV)
        folder = secret_files.folder_of(env)
        gateway = compose_files.variable("PUBLIC_URL", env) or "http://localhost:8080"
        simulators = {"mail": "MAIL_PORT", "openid": "OPENID_PORT", "stripe": "STRIPE_PORT"}
        return {
            "engine": "docker",
            "gateway": gateway,
            # Empty without simulators, and where people sign in by others.
            **{name: self._simulator(compose_files.variable(port, env)) for name, port in simulators.items()},
            **({} if secret_files.OPENID_ISSUER in secret_files.read(folder, "sign_in_providers") else {"openid": ""}),
            "billing_webhook": f"{gateway}/api/v1/payments/webhooks/stripe",
            "stripe_webhook_secret": secret_files.read(folder, "stripe_webhook_secrets").partition(",")[0],
            "services": {
                name: {"api": f"http://{name}-api:8000", "worker": f"http://{name}-worker:8001"} for name in SERVICES
            },
            "admin": {
                "email": compose_files.variable("ADMIN_EMAIL", env),
                "password": secret_files.read(folder, "admin_password"),
                "password_file": str(folder / "admin_password"),
            },
            "pids": {},
        }

    @cached_property
    def _files(self) -> list[str]:
        return compose_files.choose_files(dotenv.read(ENV))

    @property
    def _has_simulators(self) -> bool:
        return compose_files.has_simulators(self._files)

    @property
    def _command(self) -> list[str]:
        return ["docker", "compose", *(word for file in self._files for word in ("--file", file))]

    def _simulator(self, port: str) -> str:
        return f"http://localhost:{port}" if self._has_simulators else ""

    def _stay_up(self) -> list[str]:
        """The services that are no jobs."""
        services = json.loads(self._read("config", "--format", "json"))["services"]
        return [name for name, service in services.items() if service.get("restart") != "no"]

    def _containers(self) -> list[dict[str, Any]]:
        """The platform's containers, those that have stopped too."""
        # Compose up to 2.20 prints one list, later ones one object a line.
        text = self._read("ps", "--all", "--format", "json").strip()
        listed = json.loads(text) if text.startswith("[") else [json.loads(line) for line in text.splitlines()]
        return [dict(container) for container in listed]

    def _read(self, *arguments: str) -> str:
        answer = captured.run([*self._command, *arguments])
        if answer.returncode:
            words = f"docker compose {arguments[0]} failed."
            raise OpsError(words, "see whether the Docker engine runs", answer.stderr.strip())
        return answer.stdout

    def _show(self, *arguments: str) -> None:
        if subprocess.run([*self._command, *arguments], cwd=ROOT, check=False).returncode:
            raise OpsError(f"docker compose {arguments[0]} failed.", "its own words are above; make logs shows more")


def _is_ready(container: dict[str, Any] | None) -> bool:
    if container is None or container["State"] != "running":
        return False
    return container.get("Health") in ("", None, "healthy")
