"""What we must be able to read again, encrypted at rest: the secrets of authenticator apps.

Fernet (AES-128-CBC with HMAC-SHA256), keys from ENCRYPTION_KEYS: the first encrypts, all decrypt. Each stored text
names its key, so that one is known to be out of use before it is thrown away.
"""

import hashlib
from dataclasses import dataclass

from cryptography.fernet import Fernet, InvalidToken
from pydantic import SecretStr

from shared.startup import StartRefused

ADVICE = "make one with `openssl rand -base64 32 | tr '+/' '-_'` and put it into ENCRYPTION_KEYS"


class EncryptionKeyMissing(StartRefused):
    """A key is needed that is not among ENCRYPTION_KEYS."""


@dataclass(frozen=True)
class Sealed:
    """An encrypted text and the key that opens it. Without a key it is plain: stored by a release before there were
    keys, until the worker comes by."""

    text: str
    key_id: str | None


class SecretBox:
    """Seals and opens. Raises EncryptionKeyMissing without a usable key."""

    def __init__(self, keys: SecretStr | None) -> None:
        texts = [text.strip() for text in keys.get_secret_value().split(",")] if keys else []
        try:
            self._keys = {_key_id(text): Fernet(text) for text in texts}
        except ValueError as error:
            raise EncryptionKeyMissing(f"ENCRYPTION_KEYS holds what is no key: {ADVICE}") from error
        if not self._keys:
            raise EncryptionKeyMissing(f"identity has no key to encrypt secrets with: {ADVICE}")
        self.newest = _key_id(texts[0])

    def seal(self, text: str) -> Sealed:
        """The text under the newest key."""
        return Sealed(self._keys[self.newest].encrypt(text.encode()).decode(), self.newest)

    def open(self, sealed: Sealed) -> str:
        """The text. Raises EncryptionKeyMissing when its key is not there, or the text was tampered with."""
        if sealed.key_id is None:
            return sealed.text
        try:
            return self._keys[sealed.key_id].decrypt(sealed.text).decode()
        except (KeyError, InvalidToken) as error:
            raise EncryptionKeyMissing(f"no key of ENCRYPTION_KEYS opens what {sealed.key_id} has sealed") from error


def _key_id(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:8]
