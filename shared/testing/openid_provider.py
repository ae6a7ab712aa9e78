"""An OpenID provider at its wire: discovery, keys, a sign-in page that asks nobody, and signed ID tokens.

It checks what a real one checks: the client and its secret, the exact redirect URI, PKCE, that a code is good once.
`forge` and `instead` make it misbehave.
"""

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlencode, urlsplit

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

Claims = dict[str, Any]
# A secret with characters that must be encoded on their way.
CLIENT_ID, CLIENT_SECRET = "academy", "s3cret: of +tests%"
PUBLIC_KEYS: dict[str, Any] = {"RS256": RSAAlgorithm, "ES256": ECAlgorithm, "EdDSA": OKPAlgorithm}


class OpenIdProviderStandIn:
    """Knows one client, and everybody who says who they are."""

    def __init__(self, *redirect_uris: str) -> None:
        self.redirect_uris = redirect_uris
        self.algorithm = "RS256"
        self.keys: dict[str, Any] = {
            "RS256": _rsa_key(),
            "ES256": ec.generate_private_key(ec.SECP256R1()),
            "EdDSA": ed25519.Ed25519PrivateKey.generate(),
        }
        self.generation = 1
        self.discovered: Claims = {}
        self.grants: dict[str, Claims] = {}
        self.told: dict[str, Claims] = {}
        self.calls: list[str] = []
        # Instead of the right ID token: one that the test makes of the right claims.
        self.forge: Callable[[Claims], str] | None = None
        # Instead of the right answer at a path: whatever the test writes.
        self.instead: dict[str, Callable[[BaseHTTPRequestHandler], None]] = {}
        # Without the list of certificate authorities, whose reading takes longer than most tests.
        self._browser = httpx.Client(verify=False)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def visit(self, authorization_url: str, **person: Any) -> dict[str, str]:
        """Somebody follows the link and signs in here: the query with which they are sent back. `person` are their
        claims; those of its member `userinfo` are told when asked alone."""
        answer = self._browser.get(authorization_url, headers={"X-Person": json.dumps(person)})
        assert answer.status_code == 302, answer.text
        back = urlsplit(answer.headers["location"])
        return {name: values[0] for name, values in parse_qs(back.query).items()}

    def sign(self, claims: Claims, algorithm: str = "", **header: Any) -> str:
        """An ID token with these claims."""
        algorithm = algorithm or self.algorithm
        return jwt.encode(claims, self.keys[algorithm], algorithm, {"kid": self.kid(algorithm), **header})

    def kid(self, algorithm: str) -> str:
        """The id of a key; it changes when the test counts `generation` up."""
        return f"{algorithm}-{self.generation}"

    def discovery(self) -> Claims:
        """What it publishes of itself."""
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "userinfo_endpoint": f"{self.url}/userinfo",
            "jwks_uri": f"{self.url}/keys",
            **self.discovered,
        }

    def jwks(self) -> Claims:
        """Its public keys."""
        public = {name: PUBLIC_KEYS[name].to_jwk(key.public_key(), as_dict=True) for name, key in self.keys.items()}
        return {"keys": [{**jwk, "kid": self.kid(name), "use": "sig", "alg": name} for name, jwk in public.items()]}

    def answer(self, path: str, asked: dict[str, str], headers: dict[str, str]) -> tuple[int, Claims]:
        """Status and body of an answer; a redirect's body is where it leads."""
        token = headers.get("Authorization", "").partition(" ")[2]
        if path == "/authorize":
            return self._authorize(asked, json.loads(headers.get("X-Person", '{"sub": "somebody"}')))
        if path == "/token":
            return self._redeem(asked, token)
        if path == "/userinfo":
            return (200, self.told[token]) if token in self.told else (401, {"error": "invalid_token"})
        return 200, self.jwks() if path == "/keys" else self.discovery()

    def _authorize(self, asked: dict[str, str], person: Claims) -> tuple[int, Claims]:
        right = {
            "client_id": asked.get("client_id") == CLIENT_ID,
            "redirect_uri": asked.get("redirect_uri") in self.redirect_uris,
            "response_type": asked.get("response_type") == "code",
            "scope": "openid" in asked.get("scope", "").split(),
            "code_challenge": asked.get("code_challenge_method") == "S256" and len(asked["code_challenge"]) == 43,
        }
        if not all(right.values()):
            return 400, {"error": "invalid_request", "error_description": str(right)}
        code = secrets.token_urlsafe(16)
        self.grants[code] = {"asked": asked, "person": person}
        back = urlencode({"code": code, "state": asked["state"]})
        return 302, {"location": f"{asked['redirect_uri']}?{back}"}

    def _redeem(self, form: dict[str, str], credentials: str) -> tuple[int, Claims]:
        pair = [unquote_plus(part) for part in base64.b64decode(credentials).decode().split(":")]
        if [CLIENT_ID, CLIENT_SECRET] not in (pair, [form.get("client_id"), form.get("client_secret")]):
            return 401, {"error": "invalid_client"}
        grant = self.grants.pop(form.get("code", ""), None)
        challenge = _base64url(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        asked = grant["asked"] if grant else {}
        if (asked.get("redirect_uri"), asked.get("code_challenge")) != (form.get("redirect_uri"), challenge):
            return 400, {"error": "invalid_grant"}
        assert grant
        access_token = secrets.token_urlsafe(16)
        person = dict(grant["person"])
        self.told[access_token] = {"sub": person.get("sub"), **person.pop("userinfo", {})}
        claims = {**self._standard_claims(asked["nonce"], access_token), "email_verified": True, **person}
        id_token = self.forge(claims) if self.forge else self.sign(claims)
        return 200, {"access_token": access_token, "token_type": "Bearer", "id_token": id_token}

    def close(self) -> None:
        """Stops answering."""
        self._browser.close()
        self._server.shutdown()
        self._server.server_close()

    def _standard_claims(self, nonce: str, access_token: str) -> Claims:
        now, digest = int(time.time()), hashlib.sha512 if self.algorithm == "EdDSA" else hashlib.sha256
        hashed = digest(access_token.encode()).digest()
        return {
            "iss": self.url,
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 300,
            "nonce": nonce,
            "at_hash": _base64url(hashed[: len(hashed) // 2]),
        }


@cache
def _rsa_key() -> rsa.RSAPrivateKey:
    """The same for all: making one takes its time."""
    return rsa.generate_private_key(65537, 2048)


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _handler(provider: OpenIdProviderStandIn) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._serve(urlsplit(self.path).query)

        def do_POST(self) -> None:
            self._serve(self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode())

        def _serve(self, parameters: str) -> None:
            path = urlsplit(self.path).path
            provider.calls.append(path)
            if path in provider.instead:
                provider.instead[path](self)
            else:
                asked = {name: values[0] for name, values in parse_qs(parameters).items()}
                self._send(*provider.answer(path, asked, dict(self.headers)))

        def _send(self, status: int, body: Claims) -> None:
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.send_header("Location", str(body.get("location", "")))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            """Requests of tests are not news."""

    return Handler
