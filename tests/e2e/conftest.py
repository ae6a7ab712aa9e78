from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from ops.native.platform import Platform
from ops.places import VAR
from services.notifications.tests.smtp_sink import Sink
from shared.testing import Academy
from tests.e2e.six import Six, six_services


@pytest.fixture(scope="session")
def sink() -> Iterator[Sink]:
    sink = Sink()
    yield sink
    sink.close()


@pytest.fixture(scope="session")
def six(academy: Academy, tmp_path_factory: pytest.TempPathFactory, sink: Sink) -> Iterator[Six]:
    key: Path = tmp_path_factory.mktemp("keys") / "signing_key.pem"
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    key.write_bytes(pem)
    with six_services(academy, key, sink.port) as six:
        yield six


@pytest.fixture(scope="session")
def platform(worker_id: str) -> Iterator[dict[str, Any]]:
    """The state of a platform: all processes, empty when the first test comes."""
    platform = Platform(VAR / f"e2e-{worker_id}")
    platform.remove()
    try:
        yield platform.up()
    finally:
        platform.remove()
