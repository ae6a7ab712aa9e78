"""Identity at its wire: a private key to sign with, and a small HTTP server with a JWKS and a revocation feed."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import OKPAlgorithm
from uuid_utils.compat import uuid7

from shared.token_keys import ALGORITHM
from shared.tokens import AUDIENCE, ISSUER, TOKEN_TYPE

KEY_ID = "test-key"


class TokenForge:
    """Signs any token a test wants, with the key of the identity that the services believe."""

    def __init__(self, key_id: str = KEY_ID, private_key: Ed25519PrivateKey | None = None) -> None:
        self.key_id = key_id
        self.private_key = private_key or Ed25519PrivateKey.generate()

    def jwks(self) -> dict[str, Any]:
        """The public half, as identity publishes it."""
        key = OKPAlgorithm.to_jwk(self.private_key.public_key(), as_dict=True)
        return {"keys": [{**key, "kid": self.key_id, "use": "sig", "alg": ALGORITHM}]}

    def claims(self, user_id: UUID, **claims: Any) -> dict[str, Any]:
        """What a student's valid access token says; `claims` replace or, when None, remove single claims."""
        now = int(time.time())
        payload = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": str(user_id),
            "sid": str(uuid7()),
            "jti": str(uuid7()),
            "iat": now,
            "exp": now + 300,
            "roles": ["student"],
            **claims,
        }
        return {name: value for name, value in payload.items() if value is not None}

    def token(self, user_id: UUID, roles: tuple[str, ...] = ("student",), **claims: Any) -> str:
        """An access token that says so."""
        payload = self.claims(user_id, **{"roles": list(roles), **claims})
        return jwt.encode(payload, self.private_key, ALGORITHM, headers={"kid": self.key_id, "typ": TOKEN_TYPE})


class IdentityStandIn(TokenForge):
    """Revokes on request as well. Services under test reach it by `url` as they do identity.

    `feed_seconds`: how long the feed of revocations takes to answer.
    """

    def __init__(self, feed_seconds: float = 0.0) -> None:
        super().__init__()
        self.feed_seconds = feed_seconds
        self.revocations: list[dict[str, Any]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def revoke_session(self, session_id: str) -> None:
        """The next pull of every service learns that this session has ended."""
        seq = len(self.revocations) + 1
        expires_at = int(time.time()) + 600
        self.revocations.append({"seq": seq, "kind": "sid", "value": session_id, "before": 0, "expires_at": expires_at})

    def close(self) -> None:
        """Stops answering."""
        self._server.shutdown()
        self._server.server_close()


def _handler(identity: IdentityStandIn) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            if parts.path == "/.well-known/jwks.json":
                self._answer(identity.jwks())
            else:
                time.sleep(identity.feed_seconds)
                after = int(parse_qs(parts.query).get("after", ["0"])[0])
                items = [item for item in identity.revocations if item["seq"] > after]
                self._answer({"items": items, "last_seq": len(identity.revocations)})

        def _answer(self, body: dict[str, Any]) -> None:
            data = json.dumps(body).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            """Requests of tests are not news."""

    return Handler
