"""Starts Postgres and RabbitMQ once for a whole test run, in pytest's first process: xdist's workers inherit them."""

import os
from collections.abc import Callable

import pytest
from fastapi import FastAPI

from ops import servers_for_tests
from ops.failure import OpsError
from ops.openapi.documents import applications

pytest_plugins = ["shared.testing.fixtures"]

_stop: list[Callable[[], None]] = []


def pytest_sessionstart(session: pytest.Session) -> None:
    """Runs before xdist starts its workers, so that they inherit the variables."""
    if servers_for_tests.are_needed(session.config):
        try:
            variables, stop = servers_for_tests.start()
        except OpsError as error:
            pytest.exit(str(error), returncode=1)
        os.environ.update(variables)
        _stop.append(stop)


def pytest_xdist_auto_num_workers() -> int:
    """What `-n auto` means: one more than there are cores, for tests often wait for a server or for the clock."""
    return (os.cpu_count() or 1) + 1


def pytest_unconfigure() -> None:
    """Stops what was started here, after a failure or an interruption as well."""
    while _stop:
        _stop.pop()()


@pytest.fixture(scope="session")
def apis(tmp_path_factory: pytest.TempPathFactory) -> dict[str, FastAPI]:
    """The api of each service, made and not served: for tests that only read what it says of itself."""
    return applications(tmp_path_factory.mktemp("apis"))
