from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from services.identity.main import create_app
from services.identity.settings import Settings
from services.identity.tests.people import Person, new_person
from services.identity.worker import create_worker
from shared.testing import Academy, Harness


@pytest.fixture(scope="session")
def signing_key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.generate()


@pytest.fixture(scope="session")
def signing_key_file(signing_key: Ed25519PrivateKey, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("keys") / "signing_key.pem"
    path.write_bytes(signing_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return path


@pytest.fixture(scope="session")
def identity(academy: Academy, signing_key_file: Path) -> Iterator[Harness]:
    settings = academy.settings(Settings, signing_key_file=signing_key_file)
    with academy.service("identity", settings, create_app, create_worker) as harness:
        yield harness


@pytest.fixture
def person(identity: Harness) -> Person:
    return new_person(identity)


@pytest.fixture
def admin(identity: Harness) -> Person:
    return new_person(identity, "admin")
