"""The demo's story, on a platform of its own: all processes, over the gateway."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ops import demo
from ops.native.platform import Platform


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    platform = Platform(Path("var/e2e"))
    state = platform.up()
    yield state
    platform.remove()


def test_a_learner_comes_from_sign_up_to_the_certificate(platform: dict[str, Any]) -> None:
    assert demo.run(platform) == 0
