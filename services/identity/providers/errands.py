"""One trip of a person to a provider and back."""

import base64
import hashlib
import hmac
from dataclasses import dataclass


@dataclass(frozen=True)
class Errand:
    """What goes along is derived from a secret that stays with the browser or app and is stored hashed: whoever sees
    the addresses of the trip, or our tables, has none of it."""

    secret: str

    @property
    def state(self) -> str:
        """Comes back with the person, and shows that they were sent from here."""
        return self._derive("state")

    @property
    def nonce(self) -> str:
        """Comes back inside the ID token, and shows that it was made for this trip."""
        return self._derive("nonce")

    @property
    def verifier(self) -> str:
        """Shows the provider that the code is redeemed by who asked for it (RFC 7636)."""
        return self._derive("code_verifier")

    @property
    def challenge(self) -> str:
        """What the provider is told of the verifier (S256)."""
        return _base64url(hashlib.sha256(self.verifier.encode()).digest())

    def _derive(self, purpose: str) -> str:
        return _base64url(hmac.digest(self.secret.encode(), purpose.encode(), "sha256"))


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
