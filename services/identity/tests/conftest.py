from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from services.identity.main import create_app
from services.identity.settings import ProviderSettings, Settings
from services.identity.tests.people import Person, new_person
from services.identity.worker import create_worker
from shared.testing import Academy, Harness
from shared.testing.openid_provider import CLIENT_ID, CLIENT_SECRET, OpenIdProviderStandIn


@pytest.fixture(scope="session")
def signing_key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.generate()


@pytest.fixture(scope="session")
def signing_key_file(signing_key: Ed25519PrivateKey, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("keys") / "signing_key.pem"
    path.write_bytes(signing_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return path


@pytest.fixture(scope="session")
def both_providers() -> Iterator[list[OpenIdProviderStandIn]]:
    """Those of the settings: `house` and `other`."""
    both = [OpenIdProviderStandIn(f"http://academy.test/login/callback/{id}") for id in ("house", "other")]
    yield both
    for provider in both:
        provider.close()


@pytest.fixture
def provider(both_providers: list[OpenIdProviderStandIn]) -> Iterator[OpenIdProviderStandIn]:
    """`house`, well-behaved until the test says otherwise."""
    house = both_providers[0]
    yield house
    house.forge, house.algorithm = None, "RS256"
    house.instead.clear()


@pytest.fixture(scope="session")
def identity(
    academy: Academy, signing_key_file: Path, both_providers: list[OpenIdProviderStandIn]
) -> Iterator[Harness]:
    house, other = both_providers
    known = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    providers = [
        ProviderSettings(id="house", name="The House", issuer=house.url, **known),
        ProviderSettings(id="other", name="The Other", issuer=other.url, **known),
    ]
    settings = academy.settings(Settings, signing_key_file=signing_key_file, sign_in_providers=providers)
    with academy.service("identity", settings, create_app, create_worker) as harness:
        yield harness


@pytest.fixture
def person(identity: Harness) -> Person:
    return new_person(identity)


@pytest.fixture
def admin(identity: Harness) -> Person:
    return new_person(identity, "admin")
