"""Starts Postgres and RabbitMQ once for a whole test run, in pytest's first process: xdist's workers inherit them."""

import os
from collections.abc import Callable

import pytest

from ops import servers_for_tests
from ops.failure import OpsError

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


def pytest_unconfigure() -> None:
    """Stops what was started here, after a failure or an interruption as well."""
    while _stop:
        _stop.pop()()
