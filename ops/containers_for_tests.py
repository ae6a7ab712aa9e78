"""Postgres and RabbitMQ for one test run in containers."""

import os
import secrets
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from testcontainers.core.container import DockerContainer

from ops.failure import OpsError
from ops.native import identity
from ops.native.postgres import answers as postgres_answers
from ops.native.probes import Probe, http_ok, wait_until

POSTGRES, BROKER, MANAGEMENT = 5432, 5672, 15672
READY_SECONDS = 60
# Who started a container: pid and identity of the test run.
OWNER = "academy.test-run"
# Thrown away afterwards, so it needs no data that survives a power cut.
POSTGRES_COMMAND = "postgres -c fsync=off -c synchronous_commit=off -c max_connections=300"


class Pair(NamedTuple):
    """Where the two servers answer, their administrators' password, and how to remove them."""

    postgres: tuple[str, int]
    broker: tuple[str, int]
    management_url: str
    password: str
    stop: Callable[[], None]


def start() -> Pair:
    """Starts both at the same time. They are removed by us, not by testcontainers' own reaper (a third image)."""
    os.environ["TESTCONTAINERS_RYUK_DISABLED"] = "true"
    clear_crashed_runs()
    password = secrets.token_urlsafe(24)
    owner = {"labels": {OWNER: f"{os.getpid()} {identity.identity(os.getpid())}"}}
    postgres = DockerContainer("postgres:17", command=POSTGRES_COMMAND, ports=[POSTGRES]).with_kwargs(**owner)
    postgres.with_env("POSTGRES_PASSWORD", password).with_env("POSTGRES_DB", "academy")
    broker = DockerContainer("rabbitmq:4-management", ports=[BROKER, MANAGEMENT]).with_kwargs(**owner)
    broker.with_env("RABBITMQ_DEFAULT_USER", "admin").with_env("RABBITMQ_DEFAULT_PASS", password)

    def stop() -> None:
        for container in (postgres, broker):
            container.stop()

    try:
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda container: container.start(), (postgres, broker)))
        management = "http://{}:{}".format(*_address(broker, MANAGEMENT))
        pair = Pair(_address(postgres, POSTGRES), _address(broker, BROKER), management, password, stop)
        _wait_for(postgres_answers(*pair.postgres, password), "Postgres")
        _wait_for(http_ok(f"{management}/api/overview", "admin", password), "RabbitMQ")
    except BaseException:
        stop()
        raise
    return pair


def clear_crashed_runs() -> None:
    """Removes the containers of test runs whose process is gone."""
    if identity.identity(os.getpid()) is None:
        # Without /proc nobody can be told apart from a stranger.
        return
    template = f'{{{{.ID}}}} {{{{.Label "{OWNER}"}}}}'
    listing = ["docker", "ps", "--all", "--filter", f"label={OWNER}", "--format", template]
    for line in subprocess.run(listing, capture_output=True, text=True, check=False).stdout.splitlines():
        container, pid, born = line.split()
        if identity.identity(int(pid)) != born:
            # Another test run may be quicker; then there is nothing left to remove.
            subprocess.run(["docker", "rm", "--force", "--volumes", container], capture_output=True, check=False)


def _wait_for(probe: Probe, name: str) -> None:
    if not wait_until(probe, READY_SECONDS):
        raise OpsError(f"{name} did not answer in its container.", "use TEST_SERVERS=native")


def _address(container: DockerContainer, port: int) -> tuple[str, int]:
    return str(container.get_container_host_ip()), int(container.get_exposed_port(port))
