"""Where the matrix is played: six apis and workers, Postgres, RabbitMQ, Stripe's simulator, mail, nginx in front."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pydantic import SecretStr

from gateway.tests.door import Door, open_door
from ops.gateway import DEFAULTS
from ops.native import packages
from ops.places import TOOLS
from services.billing.tests.far_end import API_KEY, SECRET, running_simulator
from services.billing.tests.shop import Shop
from services.identity.settings import ProviderSettings
from services.identity.signing_keys import SigningKey
from services.notifications.tests.smtp_sink import Sink
from shared.testing import Academy
from shared.testing.identity import TokenForge
from shared.testing.openid_provider import CLIENT_ID, CLIENT_SECRET, OpenIdProviderStandIn
from tests.e2e.six import Six, six_services, workers

# No test of authorization may be stopped by a limit: those have their own tests (gateway/tests/test_limits.py).
NO_LIMITS = {name: "10000r/s" for name in DEFAULTS if name.endswith("_RATE")}


@dataclass(frozen=True)
class Stage:
    """`client` speaks through the gateway, `six[service].client` straight to a service. `forge` has identity's key."""

    academy: Academy
    six: Six
    door: Door
    client: httpx.Client
    shop: Shop
    provider: OpenIdProviderStandIn
    forge: TokenForge


@contextmanager
def running_stage(name: str) -> Iterator[Stage]:
    """All of it. The academy is its own: other tests of the process must not meet its workers."""
    packages.ensure(packages.WANTED, TOOLS, lambda _said: None)
    with tempfile.TemporaryDirectory(prefix="authorization-") as folder, running_simulator() as far_end:
        # nginx' own user must reach the files; pytest's temporary folders are closed to others.
        home = Path(folder)
        home.chmod(0o755)
        (home / "gateway" / "files").mkdir(parents=True)
        academy = Academy(name, home / "gateway" / "files")
        key = home / "signing_key.pem"
        forge = academy.identity
        key.write_bytes(forge.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        sink, provider = Sink(), OpenIdProviderStandIn("http://academy.test/login/callback/google")
        stripe = {
            "stripe_api_key": SecretStr(API_KEY),
            "stripe_api_base": far_end.url,
            "stripe_webhook_secrets": SecretStr(SECRET),
        }
        known = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
        google = ProviderSettings(id="google", name="Google", issuer=provider.url, **known)
        offered = {"sign_in_providers": [google]}
        with six_services(academy, key, sink.port, billing=stripe, identity=offered) as six, workers(six):
            upstreams = {service: harness.url.removeprefix("http://") for service, harness in six.items()}
            with open_door(home / "gateway", upstreams, **NO_LIMITS) as door, _client(door) as client:
                real = TokenForge(SigningKey(forge.private_key).id, forge.private_key)
                yield Stage(academy, six, door, client, Shop(six["billing"], far_end), provider, real)
        provider.close()
        sink.close()
        academy.close()


def _client(door: Door) -> httpx.Client:
    return httpx.Client(base_url=f"http://127.0.0.1:{door.port}", timeout=30)
