"""The keys that sign access tokens: Ed25519 private keys as PEM blocks, in a file or in the environment.

The first block signs; the others are published as well, so that a key is known everywhere before it signs and stays
known until its last token has expired. A changed file is noticed within a second: keys are rotated without a restart
(key_rotation.py).
"""

import base64
import hashlib
import json
import re
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from jwt.algorithms import OKPAlgorithm
from pydantic import SecretStr

from shared.startup import StartRefused
from shared.telemetry import get_logger
from shared.token_keys import ALGORITHM

log = get_logger(__name__)

PEM_BLOCK = re.compile(r"-----BEGIN PRIVATE KEY-----.+?-----END PRIVATE KEY-----", re.DOTALL)
ADVICE = "make one with `openssl genpkey -algorithm ed25519 -out FILE` and set SIGNING_KEY_FILE to it"
LOOK_AGAIN_SECONDS = 1.0


class SigningKeyMissing(StartRefused):
    """The api cannot start: there is no usable key to sign with."""


class SigningKey:
    """A private key and its public half, named by its thumbprint."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self.private = private
        public = OKPAlgorithm.to_jwk(private.public_key(), as_dict=True)
        self.id = _thumbprint(public)
        self.jwk = {**public, "kid": self.id, "use": "sig", "alg": ALGORITHM}
        self.verification = jwt.PyJWK(self.jwk, ALGORITHM)

    def pem(self) -> str:
        """The private key as it stands in the file."""
        return self.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@dataclass(frozen=True)
class KeyRing:
    """All keys that verify; the first one signs."""

    keys: tuple[SigningKey, ...]

    @property
    def signing(self) -> SigningKey:
        """The key for new tokens."""
        return self.keys[0]

    def find(self, kid: str) -> SigningKey | None:
        """The key of that id."""
        return next((key for key in self.keys if key.id == kid), None)


class KeyStore:
    """The ring of a text that stays, or of a file that may change while the process runs. Raises SigningKeyMissing
    without either."""

    def __init__(self, path: Path | None, text: SecretStr | None = None) -> None:
        self._path = path
        self._fixed = text
        self._lock = threading.Lock()
        self._stamp: tuple[int, int, int] | None = None
        self._look_at = 0.0
        self._ring = self._load()

    def ring(self) -> KeyRing:
        """The keys of this moment. A file that cannot be read now leaves the ones from before in force."""
        if self._path and not self._fixed and time.monotonic() >= self._look_at:
            with self._lock:
                self._look_at = time.monotonic() + LOOK_AGAIN_SECONDS
                try:
                    if _stamp(self._path) != self._stamp:
                        self._ring = self._load()
                        log.info("signing keys loaded", kids=[key.id for key in self._ring.keys])
                except (OSError, SigningKeyMissing) as error:
                    log.error("signing keys cannot be read again, the old ones stay in force", error=str(error))
        return self._ring

    def _load(self) -> KeyRing:
        if self._fixed:
            return parse_keys(self._fixed.get_secret_value(), "SIGNING_KEY")
        if self._path is None:
            raise SigningKeyMissing(f"identity has no key to sign access tokens with: {ADVICE}")
        try:
            self._stamp = _stamp(self._path)
            text = self._path.read_text()
        except (OSError, ValueError) as error:
            raise SigningKeyMissing(f"SIGNING_KEY_FILE {self._path} cannot be read ({error}): {ADVICE}") from error
        return parse_keys(text, f"SIGNING_KEY_FILE {self._path}")


def parse_keys(text: str, source: str) -> KeyRing:
    """The keys in PEM text, in its order. Raises SigningKeyMissing, saying how to make one."""
    keys = []
    for block in PEM_BLOCK.findall(text):
        try:
            key = load_pem_private_key(block.encode(), password=None)
        except (ValueError, TypeError) as error:
            raise SigningKeyMissing(f"{source} holds what is no private key ({error}): {ADVICE}") from error
        if not isinstance(key, Ed25519PrivateKey):
            raise SigningKeyMissing(f"{source} holds a key that is not Ed25519: {ADVICE}")
        keys.append(SigningKey(key))
    if not keys:
        raise SigningKeyMissing(f"{source} holds no private key: {ADVICE}")
    return KeyRing(tuple(keys))


def _stamp(path: Path) -> tuple[int, int, int]:
    status = path.stat()
    return status.st_mtime_ns, status.st_size, status.st_ino


def _thumbprint(jwk: dict[str, Any]) -> str:
    """RFC 7638 section 3, with the members that RFC 8037 names for Ed25519."""
    members = {name: jwk[name] for name in ("crv", "kty", "x")}
    digest = hashlib.sha256(json.dumps(members, separators=(",", ":"), sort_keys=True).encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
