"""The protocol: OpenID Connect Core 1.0, authorization code flow with PKCE, for one confidential client."""

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus, urlencode

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from ops.openid_simulator.settings import CLIENT_ID, CLIENT_SECRET, Settings

Parameters = Mapping[str, str]
# The one algorithm that every provider must offer.
ALGORITHM = "RS256"
CODE_SECONDS = 60
TOKEN_SECONDS = 300


class ForeignClient(Exception):
    """Nobody is sent anywhere: it is not known whose request this is (RFC 6749 section 4.1.2.1)."""


class Refused(Exception):
    """`error` as the specifications name it."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error


@dataclass(frozen=True)
class Person:
    """Who somebody says they are. An address is always the same person's, whatever was restarted."""

    email: str
    name: str
    email_verified: bool

    @property
    def subject(self) -> str:
        """Their name here, which never changes."""
        return _base64url(hashlib.sha256(self.email.casefold().encode()).digest()[:16])


@dataclass(frozen=True)
class Grant:
    """What a code is good for."""

    asked: Parameters
    person: Person
    ends_at: float


class Provider:
    """Its key and its codes live as long as the process: a restart is a rotation."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._key = rsa.generate_private_key(65537, 2048)
        self._kid = secrets.token_hex(8)
        self._grants: dict[str, Grant] = {}

    def discovery(self) -> dict[str, Any]:
        """What it publishes of itself (OpenID Connect Discovery 1.0, section 3)."""
        return {
            "issuer": self._settings.issuer,
            "authorization_endpoint": f"{self._settings.public_url}/authorize",
            "token_endpoint": f"{self._settings.issuer}/token",
            "jwks_uri": f"{self._settings.issuer}/keys",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [ALGORITHM],
            "scopes_supported": ["openid", "email", "profile"],
            "claims_supported": ["sub", "email", "email_verified", "name"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
        }

    def keys(self) -> dict[str, Any]:
        """Its public key."""
        public = RSAAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        return {"keys": [{**public, "kid": self._kid, "use": "sig", "alg": ALGORITHM}]}

    def check(self, asked: Parameters) -> None:
        """Passes when a person may be asked who they are. Raises ForeignClient, Refused."""
        if (asked.get("client_id"), asked.get("redirect_uri")) != (CLIENT_ID, self._settings.redirect_uri):
            raise ForeignClient(f"only the client {CLIENT_ID} with the redirect URI {self._settings.redirect_uri}")
        if asked.get("response_type") != "code":
            raise Refused("unsupported_response_type", "only code")
        if "openid" not in asked.get("scope", "").split():
            raise Refused("invalid_scope", "without openid")
        if asked.get("code_challenge_method") != "S256" or len(asked.get("code_challenge", "")) != 43:
            raise Refused("invalid_request", "without a code challenge by S256")

    def send_back(self, asked: Parameters, person: Person | None) -> str:
        """Where a person goes who has said who they are, or None for one who would not."""
        if person is None:
            return self.send_back_refused(asked, Refused("access_denied", "the person has cancelled"))
        now = time.monotonic()
        self._grants = {code: grant for code, grant in self._grants.items() if grant.ends_at > now}
        code = secrets.token_urlsafe(24)
        self._grants[code] = Grant(asked, person, now + CODE_SECONDS)
        return self._back(asked, {"code": code})

    def send_back_refused(self, asked: Parameters, refused: Refused) -> str:
        """Where a person goes whose request cannot be met."""
        return self._back(asked, {"error": refused.error, "error_description": str(refused)})

    def redeem(self, form: Parameters, authorization: str) -> dict[str, Any]:
        """The tokens for a code, once. Raises Refused."""
        if not _is_client(form, authorization):
            raise Refused("invalid_client", "not the client or not its secret")
        if form.get("grant_type") != "authorization_code":
            raise Refused("unsupported_grant_type", "only authorization_code")
        grant = self._grants.pop(form.get("code", ""), None)
        if grant is None or grant.ends_at <= time.monotonic():
            raise Refused("invalid_grant", "the code is unknown, spent or too old")
        challenge = _base64url(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if (form.get("redirect_uri"), challenge) != (grant.asked["redirect_uri"], grant.asked["code_challenge"]):
            raise Refused("invalid_grant", "the code was given for another request")
        access_token = secrets.token_urlsafe(24)
        id_token = self._sign(grant, access_token)
        return {
            "access_token": access_token,
            "token_type": "Bearer",
            "expires_in": TOKEN_SECONDS,
            "id_token": id_token,
        }

    def _back(self, asked: Parameters, answer: dict[str, str]) -> str:
        state = {"state": asked["state"]} if "state" in asked else {}
        return f"{asked['redirect_uri']}?{urlencode({**answer, **state, 'iss': self._settings.issuer})}"

    def _sign(self, grant: Grant, access_token: str) -> str:
        now = int(time.time())
        hashed = hashlib.sha256(access_token.encode()).digest()
        claims = {
            "iss": self._settings.issuer,
            "aud": CLIENT_ID,
            "sub": grant.person.subject,
            "iat": now,
            "exp": now + TOKEN_SECONDS,
            "at_hash": _base64url(hashed[:16]),
            "email": grant.person.email,
            "email_verified": grant.person.email_verified,
            "name": grant.person.name,
            **({"nonce": grant.asked["nonce"]} if "nonce" in grant.asked else {}),
        }
        return jwt.encode(claims, self._key, ALGORITHM, headers={"kid": self._kid})


def _is_client(form: Parameters, authorization: str) -> bool:
    scheme, _, packed = authorization.partition(" ")
    given = [form.get("client_id", ""), form.get("client_secret", "")]
    if scheme.lower() == "basic":
        try:
            given = [unquote_plus(part) for part in base64.b64decode(packed, validate=True).decode().split(":", 1)]
        except ValueError:
            return False
    return hmac.compare_digest(":".join(given).encode(), f"{CLIENT_ID}:{CLIENT_SECRET}".encode())


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
