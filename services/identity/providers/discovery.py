"""What a provider publishes of itself: its addresses and its keys (OpenID Connect Discovery 1.0, section 4)."""

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx
import jwt

from services.identity.providers.fetching import Json, ProviderAway, Remembered, read_json
from services.identity.providers.id_tokens import NotProven

HOUR = 3600.0
# A key id that we do not know may be new. Whoever invents some makes us ask this often and no more.
KEYS_AGAIN_SECONDS = 5.0
KEY_TYPES = {"RS256": ("RSA", None), "ES256": ("EC", "P-256"), "EdDSA": ("OKP", "Ed25519")}
# All that IANA has given to the public IPv6 internet (RFC 4291). IPv4 addresses written as IPv6 (mapped, NAT64) lie
# outside of it.
GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
# In it, and of IPv4: 6to4 and its relays, Teredo. Then documentation (RFC 9637), which Python 3.11 does not know of.
UNROUTED = [ipaddress.ip_network(net) for net in ("2002::/16", "192.88.99.0/24", "2001::/32", "3fff::/20")]


@dataclass(frozen=True)
class Endpoints:
    """A provider's addresses. `person` may be empty; `secret_in_body` is how it wants our secret, `names_itself` says
    that its answers carry `iss` (RFC 9207)."""

    authorization: str
    token: str
    keys: str
    person: str
    secret_in_body: bool
    names_itself: bool


def fitting_keys(keys: list[Json], kid: str | None, algorithm: str) -> list[Json]:
    """The keys of a set that may have signed with this algorithm, under this id when both name one."""
    wanted = (*KEY_TYPES[algorithm], "sig", algorithm)
    return [
        key
        for key in keys
        if (key.get("kty"), key.get("crv"), key.get("use", "sig"), key.get("alg", algorithm)) == wanted
        and (kid is None or key.get("kid", kid) == kid)
    ]


class Publications:
    """Asks when it must, and remembers for an hour. Every method raises ProviderAway."""

    def __init__(self, client: httpx.Client, issuer: str) -> None:
        self._client = client
        self._issuer = issuer
        self._endpoints = Remembered(self._discover)
        self._keys = Remembered(self._fetch_keys)

    def endpoints(self) -> Endpoints:
        """Where to send people and codes."""
        return self._endpoints.get(HOUR)

    def find_key(self, kid: str | None, algorithm: str) -> jwt.PyJWK:
        """The one public key that fits the algorithm and has this id; key ids are optional, in the token and in the set
        (RFC 7515 section 4.1.4). Raises NotProven when there is none, or more than one."""
        found = fitting_keys(self._keys.get(HOUR), kid, algorithm)
        if len(found) != 1:
            found = fitting_keys(self._keys.get(KEYS_AGAIN_SECONDS), kid, algorithm)
        if len(found) != 1:
            raise NotProven(f"{len(found) or 'no'} {algorithm} keys for the key id {str(kid)[:40]!r}")
        return jwt.PyJWK(found[0], algorithm)

    def _discover(self) -> Endpoints:
        url = f"{self._issuer.removesuffix('/')}/.well-known/openid-configuration"
        told = self._read(url)
        if told.get("issuer") != self._issuer:
            raise ProviderAway(f"{url} is about {str(told.get('issuer'))[:80]!r}")
        ways = told.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        return Endpoints(
            authorization=self._address(told, "authorization_endpoint"),
            token=self._outside(told, "token_endpoint"),
            keys=self._outside(told, "jwks_uri"),
            person=self._outside(told, "userinfo_endpoint") if "userinfo_endpoint" in told else "",
            secret_in_body="client_secret_basic" not in ways,
            names_itself=told.get("authorization_response_iss_parameter_supported") is True,
        )

    def _fetch_keys(self) -> list[Json]:
        keys = self._read(self.endpoints().keys).get("keys")
        if not isinstance(keys, list):
            raise ProviderAway("its key set has no keys")
        return [key for key in keys if isinstance(key, dict)]

    def _read(self, url: str) -> Json:
        status, told = read_json(self._client, "GET", url)
        if status != httpx.codes.OK:
            raise ProviderAway(f"{url} answers {status}")
        return told

    def _outside(self, told: Json, name: str) -> str:
        """An address that we ask ourselves; the settings alone may name one inside our network."""
        address = self._address(told, name)
        if _host(address) != _host(self._issuer) and leads_inside(_host(address)):
            raise ProviderAway(f"its {name} leads to a private address")
        return address

    def _address(self, told: Json, name: str) -> str:
        """An address as safe on its way as the issuer's own."""
        address = told.get(name)
        scheme = self._issuer.split(":", 1)[0]
        if not isinstance(address, str) or not address.startswith(f"{scheme}://"):
            raise ProviderAway(f"its {name} is no {scheme} address")
        return address


def _host(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def leads_inside(host: str) -> bool:
    """True when a name, or an address in any of its spellings, is not of the public internet alone."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        # A name that leads nowhere from here; or an address with a zone, which is one of this machine's own wires.
        return ":" in host
    return any(not _is_public(str(entry[4][0]).partition("%")[0]) for entry in found)


def _is_public(address: str) -> bool:
    found = ipaddress.ip_address(address)
    if any(found in network for network in UNROUTED):
        return False
    if isinstance(found, ipaddress.IPv6Address) and found not in GLOBAL_UNICAST:
        return False
    return found.is_global and not found.is_multicast
