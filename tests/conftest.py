"""The platform that tests of several directories use: to start one takes as long as a hundred tests."""

from collections.abc import Iterator
from typing import Any

import pytest

from ops.native.platform import Platform
from ops.places import VAR
from tests.fuzz.platform import PROFILE


@pytest.fixture(scope="session")
def own_platform(worker_id: str) -> Iterator[Platform]:
    """This process's platform, behind a gateway without limits; not started. Whoever spoils it removes it."""
    platform = Platform(VAR / f"platform-{worker_id}", overrides=PROFILE)
    platform.remove()
    yield platform
    platform.remove()


@pytest.fixture(scope="module")
def platform(own_platform: Platform) -> dict[str, Any]:
    """The state of a platform: all processes, empty when the first test comes."""
    return own_platform.up()
