from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

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
