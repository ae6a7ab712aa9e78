"""Access tokens: signed here, verified everywhere by shared/tokens.py."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import jwt
from uuid_utils.compat import uuid7

from services.identity.signing_keys import KeyStore
from shared.token_keys import ALGORITHM, InvalidToken
from shared.tokens import AUDIENCE, ISSUER, TOKEN_TYPE

LIFETIME_SECONDS = 300


@dataclass(frozen=True)
class Limits:
    """What a program's token is held to: a scope (RFC 9068), and the end of the key it was given for."""

    scope: str
    ends_at: datetime | None = None

    @property
    def seconds(self) -> int:
        """How long such a token lives from now on."""
        left = self.ends_at.timestamp() - time.time() if self.ends_at else LIFETIME_SECONDS
        return max(0, min(LIFETIME_SECONDS, int(left)))


class TokenSigner:
    """Signs, and is identity's own KeySource: it never asks itself over HTTP."""

    def __init__(self, keys: KeyStore) -> None:
        self._keys = keys

    @property
    def key_id(self) -> str:
        """The id of the key that signs now."""
        return self._keys.ring().signing.id

    def sign(
        self,
        user_id: UUID,
        sid: UUID,
        roles: Iterable[str],
        impersonator_id: UUID | None = None,
        limits: Limits | None = None,
    ) -> str:
        """A token that says so for five minutes, or within limits. With an impersonator it names who really acts (RFC
        8693, `act`)."""
        now = int(time.time())
        payload = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": str(user_id),
            "sid": str(sid),
            "jti": str(uuid7()),
            "iat": now,
            "exp": now + (limits.seconds if limits else LIFETIME_SECONDS),
            "roles": sorted(roles),
            **({"act": {"sub": str(impersonator_id)}} if impersonator_id else {}),
            **({"scope": limits.scope} if limits else {}),
        }
        key = self._keys.ring().signing
        return jwt.encode(payload, key.private, ALGORITHM, headers={"kid": key.id, "typ": TOKEN_TYPE})

    def jwks(self) -> dict[str, Any]:
        """The public keys as a JWK set (RFC 7517)."""
        return {"keys": [key.jwk for key in self._keys.ring().keys]}

    def knows(self, kid: str) -> bool:
        """Without asking anybody."""
        return self._keys.ring().find(kid) is not None

    def is_loaded(self) -> bool:
        """Always: without its key identity does not start."""
        return True

    def get(self, kid: str) -> jwt.PyJWK:
        """The public key of that id. Raises InvalidToken for any other id."""
        key = self._keys.ring().find(kid)
        if key is None:
            raise InvalidToken(f"unknown key {kid[:40]!r}")
        return key.verification
