"""Every kind of token that must not open anything: the attacks of RFC 8725 and jwt_tool's list, and plain damage."""

import base64
import json
import time
from collections.abc import Callable
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as new_ec_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import HMACAlgorithm
from uuid_utils.compat import uuid7

from shared.testing.identity import TokenForge

OLD = int(time.time()) - 60
Make = Callable[[TokenForge], str]


def now() -> int:
    """When a token is made, which in a long test run is long after this module was read."""
    return int(time.time())


def encode(part: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(part).decode().rstrip("=")


def signed(forge: TokenForge, headers: dict[str, Any] | None = None, **claims: Any) -> str:
    """A good token with some claims or headers replaced; None leaves a claim out."""
    return signed_bytes(forge, json.dumps(forge.claims(uuid7(), **claims)).encode(), headers)


def signed_bytes(forge: TokenForge, payload: bytes, headers: dict[str, Any] | None = None) -> str:
    """Any bytes with a good signature: nobody but identity could make them."""
    head = {"alg": "EdDSA", "kid": forge.key_id, "typ": "at+jwt", **(headers or {})}
    text = f"{encode(json.dumps(head).encode())}.{encode(payload)}"
    return f"{text}.{encode(forge.private_key.sign(text.encode()))}"


def unsigned(forge: TokenForge, algorithm: Any) -> str:
    """Says that it is not signed, or by nothing we know, and is not."""
    head = {"alg": algorithm, "kid": forge.key_id, "typ": "at+jwt"}
    return f"{encode(json.dumps(head).encode())}.{_payload(forge)}."


def with_the_public_key(forge: TokenForge, algorithm: str, pem: bool = False) -> str:
    """The public key taken for a shared secret."""
    kind = (Encoding.PEM, PublicFormat.SubjectPublicKeyInfo) if pem else (Encoding.Raw, PublicFormat.Raw)
    secret = forge.private_key.public_key().public_bytes(*kind)
    head = {"alg": algorithm, "kid": forge.key_id, "typ": "at+jwt"}
    text = f"{encode(json.dumps(head).encode())}.{_payload(forge)}"
    digest = {"HS256": HMACAlgorithm.SHA256, "HS384": HMACAlgorithm.SHA384, "HS512": HMACAlgorithm.SHA512}[algorithm]
    # By hand: PyJWT refuses to sign with what looks like a public key.
    return f"{text}.{encode(HMACAlgorithm(digest).sign(text.encode(), secret))}"


def with_a_foreign_key(forge: TokenForge, embedded: bool = False) -> str:
    """Signed by somebody else, who may bring the public key along."""
    other = TokenForge(forge.key_id)
    headers = {"jwk": other.jwks()["keys"][0]} if embedded else {}
    return signed(other, headers)


def with_another_algorithm(forge: TokenForge) -> str:
    """A good signature by a key of another kind."""
    headers = {"kid": forge.key_id, "typ": "at+jwt"}
    return jwt.encode(forge.claims(uuid7()), new_ec_key(SECP256R1()), "ES256", headers=headers)


def with_another_payload(forge: TokenForge) -> str:
    """The signature of another token."""
    head, _, signature = signed(forge).split(".")
    return f"{head}.{_payload(forge, roles=['admin'])}.{signature}"


def with_a_claim_twice(forge: TokenForge) -> str:
    """The last one counts, as in every parser of ours: it is expired."""
    body = json.dumps(forge.claims(uuid7()))
    return signed_bytes(forge, f'{body[:-1]}, "exp": {OLD}}}'.encode())


def _payload(forge: TokenForge, **claims: Any) -> str:
    return encode(json.dumps(forge.claims(uuid7(), **claims)).encode())


ALGORITHMS: dict[str, Make] = {
    "alg none": lambda f: unsigned(f, "none"),
    "alg None": lambda f: unsigned(f, "None"),
    "alg NONE": lambda f: unsigned(f, "NONE"),
    "alg empty": lambda f: unsigned(f, ""),
    "alg null": lambda f: unsigned(f, None),
    "alg a list": lambda f: unsigned(f, ["EdDSA"]),
    "HS256 with the public key": lambda f: with_the_public_key(f, "HS256"),
    "HS256 with the public key as PEM": lambda f: with_the_public_key(f, "HS256", pem=True),
    "HS512 with the public key": lambda f: with_the_public_key(f, "HS512"),
    "ES256": with_another_algorithm,
    "a good signature called RS256": lambda f: signed(f, {"alg": "RS256"}),
    "another key": with_a_foreign_key,
    "another key, brought along": lambda f: with_a_foreign_key(f, embedded=True),
    "another payload": with_another_payload,
    "no signature": lambda f: signed(f).rpartition(".")[0] + ".",
    "cut signature": lambda f: signed(f)[:-4],
}
HEADERS: dict[str, Make] = {
    "typ JWT": lambda f: signed(f, {"typ": "JWT"}),
    "typ null": lambda f: signed(f, {"typ": None}),
    "typ a list": lambda f: signed(f, {"typ": ["at+jwt"]}),
    "typ of a logout token": lambda f: signed(f, {"typ": "logout+jwt"}),
    "unknown kid": lambda f: signed(f, {"kid": "unheard"}),
    "kid a path": lambda f: signed(f, {"kid": "../../../../dev/null"}),
    "kid a statement": lambda f: signed(f, {"kid": "' OR 1=1 --"}),
    "kid a number": lambda f: signed(f, {"kid": 7}),
    "kid null": lambda f: signed(f, {"kid": None}),
    "jku": lambda f: signed(f, {"jku": "https://evil.example/jwks.json"}),
    "jwk": lambda f: signed(f, {"jwk": f.jwks()["keys"][0]}),
    "x5u": lambda f: signed(f, {"x5u": "https://evil.example/cert"}),
    "x5c": lambda f: signed(f, {"x5c": ["MIIB"]}),
    "crit": lambda f: signed(f, {"crit": ["exp"]}),
    "crit b64": lambda f: signed(f, {"crit": ["b64"], "b64": False}),
}
CLAIMS: dict[str, Make] = {
    "expired": lambda f: signed(f, exp=OLD),
    "not yet valid": lambda f: signed(f, nbf=now() + 600),
    "issued in the future": lambda f: signed(f, iat=now() + 600, exp=now() + 900),
    "lives for a day": lambda f: signed(f, exp=now() + 86_400),
    "no exp": lambda f: signed(f, exp=None),
    "no iat": lambda f: signed(f, iat=None),
    "no jti": lambda f: signed(f, jti=None),
    "no sid": lambda f: signed(f, sid=None),
    "no sub": lambda f: signed(f, sub=None),
    "no roles": lambda f: signed(f, roles=None),
    "no aud": lambda f: signed(f, aud=None),
    "no iss": lambda f: signed(f, iss=None),
    "wrong aud": lambda f: signed(f, aud="elsewhere"),
    "aud list": lambda f: signed(f, aud=["academy", "elsewhere"]),
    "wrong iss": lambda f: signed(f, iss="elsewhere"),
    "iss a list": lambda f: signed(f, iss=["academy-identity"]),
    "sub not a uuid": lambda f: signed(f, sub="admin"),
    "sub a number": lambda f: signed(f, sub=7),
    "roles a string": lambda f: signed(f, roles="admin"),
    "exp a float": lambda f: signed(f, exp=now() + 250.5),
    "exp a string": lambda f: signed(f, exp="tomorrow"),
    "exp true": lambda f: signed(f, exp=True),
    "exp negative": lambda f: signed(f, exp=-1),
    "exp infinite": lambda f: signed(f, exp=10**400),
    "exp twice": with_a_claim_twice,
    "iat a string": lambda f: signed(f, iat="yesterday"),
    "act a string": lambda f: signed(f, act="admin"),
    "act without sub": lambda f: signed(f, act={}),
    "act of nobody": lambda f: signed(f, act={"sub": 7}),
    "scope a list": lambda f: signed(f, scope=["account:use"]),
}
SHAPES: dict[str, Make] = {
    "too long": lambda f: signed(f, padding="x" * 5000),
    "100 KB": lambda f: signed(f, padding="x" * 75_000),
    "100,000 levels": lambda f: signed_bytes(f, b"[" * 100_000),
    "2,500 levels": lambda f: encode(b"[" * 2500) + ".e30.e30",
    "a refresh token": lambda f: encode(bytes(range(32))),
    "no parts": lambda f: "token",
    "empty parts": lambda f: "..",
    "four parts": lambda f: signed(f) + ".e30",
    "five parts": lambda f: "e30.e30.e30.e30.e30",
    "padded": lambda f: signed(f) + "==.",
    "not base64": lambda f: "ä.ö.ü".encode().decode("latin-1"),
    "payload a list": lambda f: signed_bytes(f, b"[]"),
    "payload a string": lambda f: signed_bytes(f, b'"admin"'),
    "twice in a row": lambda f: f"{signed(f)} {signed(f)}",
}
BAD_TOKENS: dict[str, Make] = {**ALGORITHMS, **HEADERS, **CLAIMS, **SHAPES}
