import base64
import json
import time
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from uuid_utils.compat import uuid7

from services.identity.signing_keys import KeyStore, SigningKey, SigningKeyMissing
from services.identity.tests.people import Person
from shared.testing import Harness

PROTECTED = ("/api/v1/users/me", "/api/v1/admin/users")


def claims_of_today() -> dict[str, Any]:
    """What a right token says."""
    now = int(time.time())
    return {
        "iss": "academy-identity", "aud": "academy", "sub": str(uuid7()), "sid": str(uuid7()), "jti": str(uuid7()),
        "iat": now, "exp": now + 300, "roles": ["admin"],
    }  # fmt: skip


def bad_claims(now: int) -> dict[str, dict[str, Any]]:
    """What makes a right token a wrong one; None takes the claim away."""
    return {
        "expired": {"iat": now - 900, "exp": now - 600},
        "not yet valid": {"nbf": now + 120},
        "issued in the future": {"iat": now + 120},
        "wrong audience": {"aud": "other"},
        "audience as a list": {"aud": ["academy", "other"]},
        "wrong issuer": {"iss": "other"},
        "expiry as text": {"exp": "never"},
        "expiry as a fraction": {"exp": now + 300.5},
        "expiry without end": {"exp": 10**400},
        "subject is no id": {"sub": "admin"},
        "subject is a number": {"sub": 1},
        "roles as text": {"roles": "admin"},
        "roles as an object": {"roles": {"admin": True}},
        "id is a number": {"jti": 1},
        **{f"without {name}": {name: None} for name in claims_of_today()},
    }


def encode(part: Any) -> str:
    raw = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def sign(key: Ed25519PrivateKey, header: Any, payload: Any) -> str:
    """A token signed with the right key around any header and payload."""
    message = f"{encode(header)}.{encode(payload)}"
    return f"{message}.{encode(key.sign(message.encode()))}"


def status_of(identity: Harness, path: str, token: str) -> int:
    return int(identity.client.get(path, headers=[(b"Authorization", f"Bearer {token}".encode())]).status_code)


@pytest.mark.parametrize("name", bad_claims(0))
def test_a_token_with_wrong_claims_is_refused(identity: Harness, signing_key: Ed25519PrivateKey, name: str) -> None:
    kid = identity.app.state.signer.key_id
    changes = bad_claims(int(time.time()))[name]
    payload = {key: value for key, value in {**claims_of_today(), **changes}.items() if value is not None}
    token = sign(signing_key, {"alg": "EdDSA", "typ": "at+jwt", "kid": kid}, payload)
    assert {status_of(identity, path, token) for path in PROTECTED} == {401}


def test_the_same_token_with_right_claims_is_accepted(identity: Harness, signing_key: Ed25519PrivateKey) -> None:
    token = sign(
        signing_key, {"alg": "EdDSA", "typ": "at+jwt", "kid": identity.app.state.signer.key_id}, claims_of_today()
    )
    assert status_of(identity, "/api/v1/admin/users", token) == 200


@pytest.mark.parametrize(
    "header",
    [
        {"typ": "JWT"}, {"typ": None}, {"typ": 1}, {"typ": "refresh+jwt"}, {"alg": "none"}, {"alg": "None"},
        {"alg": "HS256"}, {"alg": "ES256"}, {"alg": None}, {"alg": ["EdDSA"]}, {"kid": None}, {"kid": "foreign"},
        {"kid": 7}, {"kid": "../../etc/passwd"}, {"jku": "http://evil.example/jwks"}, {"jwk": {"kty": "OKP"}},
        {"x5u": "http://evil.example"}, {"x5c": ["x"]}, {"crit": ["exp"]}, {"b64": False, "crit": ["b64"]},
    ],
    ids=str,
)  # fmt: skip
def test_a_token_with_a_wrong_header_is_refused(
    identity: Harness, signing_key: Ed25519PrivateKey, header: dict[str, Any]
) -> None:
    right = {"alg": "EdDSA", "typ": "at+jwt", "kid": identity.app.state.signer.key_id}
    token = sign(signing_key, {k: v for k, v in {**right, **header}.items() if v is not None}, claims_of_today())
    assert {status_of(identity, path, token) for path in PROTECTED} == {401}


def test_forged_signatures_are_refused(identity: Harness, signing_key: Ed25519PrivateKey) -> None:
    kid = identity.app.state.signer.key_id
    headers = {"kid": kid, "typ": "at+jwt"}
    right = sign(signing_key, {"alg": "EdDSA", **headers}, claims_of_today())
    message, _, signature = right.rpartition(".")
    other_body = f"{right.split('.')[0]}.{encode({**claims_of_today(), 'sub': str(uuid7())})}.{signature}"
    public = signing_key.public_key()
    secrets = [
        public.public_bytes(Encoding.Raw, PublicFormat.Raw),
        encode(public.public_bytes(Encoding.Raw, PublicFormat.Raw)).encode(),
    ]
    forged = [
        jwt.encode(claims_of_today(), Ed25519PrivateKey.generate(), "EdDSA", headers=headers),
        jwt.encode(claims_of_today(), generate_private_key(SECP256R1()), "ES256", headers=headers),
        *(jwt.encode(claims_of_today(), secret, "HS256", headers=headers) for secret in secrets),
        f"{encode({'alg': 'none', **headers})}.{encode(claims_of_today())}.",
        f"{message}.", message, f"{message}.{encode(bytes(64))}", f"{right}.{right}", other_body,
    ]  # fmt: skip
    assert {status_of(identity, path, token) for path in PROTECTED for token in forged} == {401}


def test_what_is_no_token_is_refused(identity: Harness, signing_key: Ed25519PrivateKey, person: Person) -> None:
    header = {"alg": "EdDSA", "typ": "at+jwt", "kid": identity.app.state.signer.key_id}
    claims, nested = claims_of_today(), b'{"a":' * 900 + b"1" + b"}" * 900
    strange = [
        "x", "..", "a.b.c", ".".join([encode(b"\xff\xfe")] * 3), "null", "é.é.é", "😀",
        sign(signing_key, header, b"[]"), sign(signing_key, header, b"null"), sign(signing_key, header, b"not json"),
        sign(signing_key, [], claims), sign(signing_key, header, nested), f"{encode(nested)}.{encode(claims)}.x",
        sign(signing_key, header, {**claims, "padding": "x" * 5000}), person.refresh_token, "x" * 50_000,
    ]  # fmt: skip
    for token in strange:
        assert {status_of(identity, path, token) for path in PROTECTED} == {401}, token[:60]


def test_a_hundred_kilobytes_of_token_are_refused(identity: Harness) -> None:
    # httptools, as in production, may refuse such a header before the application sees it.
    assert 400 <= status_of(identity, PROTECTED[0], "x" * 100_000) < 500


def test_without_a_token_there_is_a_challenge(identity: Harness, person: Person) -> None:
    for headers in ({}, {"Authorization": "Basic YTpi"}, {"Authorization": "Bearer"}, {"X-User-Id": str(person.id)}):
        answer = identity.client.get("/api/v1/users/me", headers=headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer ")


def test_the_public_keys_verify_a_token_and_hold_no_secret(identity: Harness, person: Person) -> None:
    answer = identity.client.get("/.well-known/jwks.json")
    assert answer.headers["cache-control"] == "public, max-age=300"
    [key] = answer.json()["keys"]
    assert set(key) == {"kty", "crv", "x", "kid", "use", "alg"}
    assert jwt.get_unverified_header(person.access_token)["kid"] == key["kid"]
    claims = jwt.decode(person.access_token, jwt.PyJWK(key), algorithms=["EdDSA"], audience="academy")
    assert claims["sub"] == str(person.id)
    assert claims["exp"] - claims["iat"] == 300
    assert claims["roles"] == ["student"]


def test_the_key_id_follows_from_the_key(signing_key: Ed25519PrivateKey, identity: Harness) -> None:
    assert SigningKey(signing_key).id == identity.app.state.signer.key_id


def test_without_a_usable_key_identity_does_not_start(tmp_path: Path) -> None:
    rubbish, wrong = tmp_path / "rubbish.pem", tmp_path / "wrong.pem"
    rubbish.write_text("no key")
    ec = generate_private_key(SECP256R1())
    wrong.write_bytes(ec.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    for path in (None, tmp_path / "missing.pem", rubbish, wrong):
        with pytest.raises(SigningKeyMissing, match="openssl genpkey -algorithm ed25519"):
            KeyStore(path)
