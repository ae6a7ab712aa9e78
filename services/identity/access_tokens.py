"""Access tokens: signed here, verified everywhere by shared/tokens.py."""

import base64
import hashlib
import json
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from jwt.algorithms import OKPAlgorithm
from uuid_utils.compat import uuid7

from shared.tokens import ALGORITHM, AUDIENCE, ISSUER, TOKEN_TYPE, InvalidToken

LIFETIME_SECONDS = 300


class SigningKeyMissing(RuntimeError):
    """The api cannot start: there is no usable key to sign with."""


class TokenSigner:
    """The private key and its public half. Identity is its own KeySource: it never asks itself over HTTP."""

    def __init__(self, private_key: Ed25519PrivateKey) -> None:
        self._private_key = private_key
        public = OKPAlgorithm.to_jwk(private_key.public_key(), as_dict=True)
        self.key_id = _thumbprint(public)
        self._jwk = {**public, "kid": self.key_id, "use": "sig", "alg": ALGORITHM}
        self._verification_key = jwt.PyJWK(self._jwk, ALGORITHM)

    def sign(self, user_id: UUID, sid: UUID, roles: Iterable[str], impersonator_id: UUID | None = None) -> str:
        """A token that says so for five minutes. With an impersonator it names who really acts (RFC 8693, `act`)."""
        now = int(time.time())
        payload = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": str(user_id),
            "sid": str(sid),
            "jti": str(uuid7()),
            "iat": now,
            "exp": now + LIFETIME_SECONDS,
            "roles": sorted(roles),
            **({"act": {"sub": str(impersonator_id)}} if impersonator_id else {}),
        }
        return jwt.encode(payload, self._private_key, ALGORITHM, headers={"kid": self.key_id, "typ": TOKEN_TYPE})

    def jwks(self) -> dict[str, Any]:
        """The public keys as a JWK set (RFC 7517)."""
        return {"keys": [self._jwk]}

    def is_loaded(self) -> bool:
        """Always: without its key identity does not start."""
        return True

    def get(self, kid: str) -> jwt.PyJWK:
        """The public key of that id. Raises InvalidToken for any other id."""
        if kid != self.key_id:
            raise InvalidToken(f"unknown key {kid[:40]!r}")
        return self._verification_key


def load_signer(path: Path | None) -> TokenSigner:
    """The signer with the key in the file. Raises SigningKeyMissing, saying how to make one."""
    advice = "make one with `openssl genpkey -algorithm ed25519 -out FILE` and set SIGNING_KEY_FILE to it"
    if path is None:
        raise SigningKeyMissing(f"identity has no key to sign access tokens with: {advice}")
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise SigningKeyMissing(
            f"SIGNING_KEY_FILE {path} cannot be read as a private key ({error}): {advice}"
        ) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise SigningKeyMissing(f"SIGNING_KEY_FILE {path} holds no Ed25519 key: {advice}")
    return TokenSigner(key)


def _thumbprint(jwk: dict[str, Any]) -> str:
    """RFC 7638 section 3, with the members that RFC 8037 names for Ed25519."""
    members = {name: jwk[name] for name in ("crv", "kty", "x")}
    digest = hashlib.sha256(json.dumps(members, separators=(",", ":"), sort_keys=True).encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
