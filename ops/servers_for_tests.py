"""The Postgres and RabbitMQ that tests run against: containers when Docker offers them, private processes otherwise.

Both are empty, belong to one test run and are gone after it. Fixtures (shared/testing) find them by TEST_* variables.
"""

import os
from collections.abc import Callable

import pytest

from ops.engine import choose
from ops.native import identity
from ops.native.postgres import ADMIN as POSTGRES_ADMIN
from ops.native.rabbitmq import ADMIN as BROKER_ADMIN
from ops.native.servers import Servers
from ops.places import VAR

Stop = Callable[[], None]
Started = tuple[dict[str, str], Stop]
RUNS = VAR / "test"


def are_needed(config: pytest.Config) -> bool:
    """False in xdist's workers, when the caller brought servers along, and for tests that only read the source."""
    if hasattr(config, "workerinput") or "TEST_POSTGRES_HOST" in os.environ or config.option.collectonly:
        return False
    return not all("tests/architecture" in argument for argument in config.args)


def start() -> Started:
    """Starts both by TEST_SERVERS=docker|native, else as it goes; returns TEST_* variables and how to stop them."""
    wanted = os.environ.get("TEST_SERVERS", "")
    if choose(wanted) == "native":
        return start_native()
    try:
        return start_containers()
    except Exception:
        # An engine that answers but has no images and cannot pull them is as good as none.
        if wanted == "docker":
            raise
        return start_native()


def start_native() -> Started:
    """Private servers in a directory of this process; those of test runs that crashed are cleared away first."""
    clear_crashed_runs()
    directory = RUNS / str(os.getpid())
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "owner").write_text(identity.identity(os.getpid()) or "")
    servers = Servers(directory)
    running = servers.up()
    postgres, rabbitmq = running.postgres, running.rabbitmq
    variables = _postgres("127.0.0.1", postgres.port, POSTGRES_ADMIN, postgres.password)
    variables |= _broker("127.0.0.1", rabbitmq.port, rabbitmq.management_url, BROKER_ADMIN, rabbitmq.password)
    return variables, servers.down


def clear_crashed_runs() -> None:
    """Stops and deletes the servers of test runs whose process is gone."""
    for owner in RUNS.glob("*/owner"):
        if identity.identity(int(owner.parent.name)) != owner.read_text():
            Servers(owner.parent).down()


def start_containers() -> Started:
    """One container each."""
    # Only here: without a Docker engine none of it is needed.
    from ops import containers_for_tests

    pair = containers_for_tests.start()
    variables = _postgres(*pair.postgres, "postgres", pair.password)
    return variables | _broker(*pair.broker, pair.management_url, "admin", pair.password), pair.stop


def _postgres(host: str, port: int, user: str, password: str) -> dict[str, str]:
    return {
        "TEST_POSTGRES_HOST": host,
        "TEST_POSTGRES_PORT": str(port),
        "TEST_POSTGRES_ADMIN_USER": user,
        "TEST_POSTGRES_ADMIN_PASSWORD": password,
    }


def _broker(host: str, port: int, management_url: str, user: str, password: str) -> dict[str, str]:
    return {
        "TEST_BROKER_HOST": host,
        "TEST_BROKER_PORT": str(port),
        "TEST_BROKER_MANAGEMENT_URL": management_url,
        "TEST_BROKER_ADMIN_USER": user,
        "TEST_BROKER_ADMIN_PASSWORD": password,
    }
