"""A production platform for the checks: a copy of the repository, with variables, secrets and volumes of its own."""

import json
import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

from ops.failure import OpsError
from ops.native.ports import any_free
from ops.places import ROOT, SERVICES, VAR

# Health checks come each 5 to 10 s; a container that cannot start has failed its last one after two minutes.
HEALTHY_SECONDS = 180
# Real-looking values that nobody owns, and a network without a way out.
VARIABLES = {
    "ENVIRONMENT": "production",
    "PUBLIC_URL": "https://api.academy.example",
    "FRONTEND_URL": "https://academy.example",
    "ADMIN_EMAIL": "admin@academy.example",
    "SMTP_HOST": "smtp.academy.example",
    "SMTP_PORT": "587",
    "SMTP_SECURITY": "starttls",
    "SMTP_USERNAME": "academy",
    "MAIL_FROM": "Academy <no-reply@academy.example>",
    "SELLER_NAME": "Academy Ltd",
    "SELLER_ADDRESS": "1 Example Street;12345 Example Town",
    "SELLER_TAX_ID": "XX123456789",
}
FOREIGN = {
    "stripe_api_key": "sk_live_" + secrets.token_hex(24),
    "stripe_webhook_secrets": "whsec_" + secrets.token_hex(24),
    "smtp_password": secrets.token_urlsafe(24),
}
NO_WAY_OUT = "networks: {edge: {internal: true}, backend: {internal: true}}\n"
STAYS_UP = ("postgres", "rabbitmq", "gateway", *(f"{name}-{role}" for name in SERVICES for role in ("api", "worker")))


class Stage:
    """The platform, and what the checks do with it."""

    def __init__(self) -> None:
        self.folder = VAR / "check-production" / str(os.getpid())
        self.secrets = self.folder / "var/docker/secrets"
        self.project = f"academy-production-{os.getpid()}"
        self.release = f"check-{os.getpid()}"

    def prepare(self) -> None:
        """Copies the repository and writes `.env` and the secret files, as an operator does."""
        self._copy_repository()
        ports = {"GATEWAY_PORT": str(any_free()), "GATEWAY_BIND": "127.0.0.1", "EDGE_NETWORK": _free_network()}
        own = {"COMPOSE_PROJECT_NAME": self.project, "RELEASE": self.release}
        self.write_variables(VARIABLES | ports | own)
        (self.folder / "isolated.yml").write_text(NO_WAY_OUT)
        self.ops("secrets")
        for name, value in FOREIGN.items():
            (self.secrets / name).write_text(value + "\n")

    def remove(self) -> None:
        """Removes containers, volumes, images and the copy."""
        if not self.folder.exists():
            return
        # Twice: an `up` that was interrupted may still have made a container during the first.
        for _ in range(2):
            self.compose("down", "--volumes", "--remove-orphans", "--timeout", "5", check=False)
        tags = run("docker", "image", "ls", "--format", "{{.Repository}}:{{.Tag}}").splitlines()
        ours = [tag for tag in tags if tag.partition(":")[2].startswith(self.release)]
        subprocess.run(["docker", "image", "rm", *ours], capture_output=True, check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    def write_variables(self, variables: dict[str, str]) -> None:
        """Writes `.env`."""
        (self.folder / ".env").write_text("".join(f"{name}={value}\n" for name, value in variables.items()))

    def variables(self) -> dict[str, str]:
        """What `.env` holds."""
        lines = (self.folder / ".env").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines)

    def ops(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """`python -m ops` in the copy, which is what the Makefile's targets call."""
        return self._run([sys.executable, "-m", "ops", *arguments], check)

    def compose(self, *arguments: str, check: bool = True, release: str = "") -> subprocess.CompletedProcess[str]:
        """`docker compose` with production's file. Raises OpsError when it fails and `check` is set."""
        files = ["--file", "docker-compose.yml", "--file", "isolated.yml"]
        return self._run(["docker", "compose", *files, *arguments], check, RELEASE=release or self.release)

    def up(self, release: str = "") -> None:
        """A plain `up`, which waits until all is healthy."""
        self.compose("up", "--detach", "--wait", "--wait-timeout", str(HEALTHY_SECONDS), release=release)

    def containers(self) -> list[dict[str, Any]]:
        """What `docker inspect` says of the platform's containers."""
        names = run("docker", "ps", "--all", "--quiet", "--filter", f"label=com.docker.compose.project={self.project}")
        return list(json.loads(run("docker", "inspect", *names.split()))) if names else []

    def wait_until_healthy(self) -> None:
        """Raises OpsError with the names of those that are not."""
        until = time.monotonic() + HEALTHY_SECONDS
        while unhealthy := [name for name in STAYS_UP if name not in self._healthy()]:
            if time.monotonic() > until:
                raise OpsError(f"not healthy within {HEALTHY_SECONDS} s: {', '.join(unhealthy)}")
            time.sleep(1)

    def words_of_unhealthy(self) -> str:
        """The last log lines of containers that should be healthy and are not."""
        made = {container["Config"]["Labels"]["com.docker.compose.service"] for container in self.containers()}
        healthy = set(self._healthy())
        unhealthy = [name for name in STAYS_UP if name in made and name not in healthy]
        return self.compose("logs", "--tail", "10", *unhealthy, check=False).stdout if unhealthy else ""

    def log(self, service: str) -> str:
        """All that a service's container has printed."""
        return self.compose("logs", "--no-color", "--no-log-prefix", service).stdout

    def _healthy(self) -> Iterator[str]:
        template = '{{.Label "com.docker.compose.service"}}\t{{.Status}}'
        listing = ["docker", "ps", "--filter", f"label=com.docker.compose.project={self.project}", "--format", template]
        for line in run(*listing).splitlines():
            service, _, status = line.partition("\t")
            if status.endswith("(healthy)"):
                yield service

    def _copy_repository(self) -> None:
        listed = run("git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard")
        for name in filter(None, listed.split("\0")):
            source, target = ROOT / name, self.folder / name
            if source.is_file():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, target)

    def _run(self, command: list[str], check: bool, **variables: str) -> subprocess.CompletedProcess[str]:
        # Variables of the caller's shell go before .env: none of the platform's may be among them.
        kept = ("PATH", "HOME", "LANG", "DOCKER_HOST", "DOCKER_CONFIG", "DOCKER_CONTEXT", "DOCKER_BUILDKIT")
        environment = {name: os.environ[name] for name in kept if name in os.environ} | variables
        answer = subprocess.run(
            command,
            cwd=self.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if check and answer.returncode:
            words = "\n".join((answer.stdout + answer.stderr).splitlines()[-15:])
            raise OpsError(f"{' '.join(command)}: exit code {answer.returncode}", detail=words)
        return answer


def run(*command: str) -> str:
    """What a command prints. Raises OpsError when it fails."""
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode:
        raise OpsError(f"{' '.join(command)}: exit code {answer.returncode}", detail=answer.stderr.strip())
    return answer.stdout


def _free_network() -> str:
    """The first three numbers of a private network that no Docker network has."""
    names = run("docker", "network", "ls", "--quiet").split()
    taken = run("docker", "network", "inspect", "--format", "{{range .IPAM.Config}}{{.Subnet}} {{end}}", *names)
    return next(prefix for number in range(200, 256) if (prefix := f"10.213.{number}") + "." not in taken)
