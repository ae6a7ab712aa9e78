import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.tests.door import Door, open_door
from gateway.tests.far_end import six_services
from ops.native import packages
from ops.places import TOOLS


@pytest.fixture(scope="session")
def far_end() -> Iterator[tuple[dict[str, str], list[str]]]:
    with six_services() as running:
        yield running


@pytest.fixture(scope="session")
def heard(far_end: tuple[dict[str, str], list[str]]) -> list[str]:
    """The request lines that reached any service."""
    return far_end[1]


@pytest.fixture(scope="session")
def home() -> Iterator[Path]:
    """A folder that nginx's own user can reach; pytest's temporary folders are closed to others."""
    packages.ensure(packages.WANTED, TOOLS, lambda _said: None)
    with tempfile.TemporaryDirectory(prefix="gateway-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture(scope="session")
def door(home: Path, far_end: tuple[dict[str, str], list[str]]) -> Iterator[Door]:
    """The gateway with limits that no test reaches by chance, and two allowed origins."""
    place = home / "wide"
    (place / "files" / "identity" / "avatars").mkdir(parents=True)
    (place / "files" / "identity" / "avatars" / "one").write_bytes(b"RIFF picture")
    (place / "files" / "catalog" / "2025").mkdir(parents=True)
    (place / "files" / "catalog" / "2025" / "one").write_bytes(b"%PDF-1.7 lesson")
    (place / "files" / "certificates").mkdir()
    (place / "files" / "certificates" / "secret").write_bytes(b"not for catalog")
    changes = {
        "CORS_ORIGINS": "https://app.academy.example http://localhost:3000",
        "GATEWAY_API_RATE": "10000r/s",
        "GATEWAY_AUTH_RATE": "10000r/s",
        "GATEWAY_READ_TIMEOUT": "1s",
    }
    with open_door(place, far_end[0], **changes) as opened:
        yield opened
