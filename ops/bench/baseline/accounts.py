"""Signing in, and who a token belongs to."""

import os
import time
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import jwt
from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from flask import Blueprint, abort, request
from sqlalchemy import select

from ops.bench.baseline.models import User, db

accounts = Blueprint("accounts", __name__)
ISSUER, AUDIENCE, ALGORITHM = "academy-identity", "academy", "EdDSA"
CLAIMS = ["iss", "aud", "sub", "sid", "jti", "iat", "exp", "roles"]
LIFETIME_SECONDS = 300
hasher = PasswordHasher(time_cost=1, memory_cost=46 * 1024, parallelism=1)


@accounts.post("/api/v1/auth/login")
def login() -> dict[str, Any]:
    """An access token for the right password."""
    body = request.get_json()
    user = db.session.scalar(select(User).where(User.email_normalized == body["email"].lower()))
    if user is None:
        abort(401)
    try:
        hasher.verify(user.password_hash, body["password"])
    except VerificationError:
        abort(401)
    now = int(time.time())
    claims: dict[str, Any] = {"sub": str(user.id), "sid": str(uuid4()), "jti": str(uuid4()), "roles": user.roles}
    claims |= {"iss": ISSUER, "aud": AUDIENCE, "iat": now, "exp": now + LIFETIME_SECONDS}
    token = jwt.encode(claims, _key(), ALGORITHM, headers={"typ": "at+jwt"})
    return {"access_token": token, "token_type": "Bearer", "expires_in": LIFETIME_SECONDS}


def current_user_id() -> UUID:
    """The caller by the Authorization header; 401 without a valid token."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        abort(401)
    try:
        options: Any = {"require": CLAIMS}
        claims = jwt.decode(token, _public_key(), [ALGORITHM], audience=AUDIENCE, issuer=ISSUER, options=options)
    except jwt.PyJWTError:
        abort(401)
    return UUID(claims["sub"])


@cache
def _key() -> Ed25519PrivateKey:
    key = load_pem_private_key(Path(os.environ["SIGNING_KEY_FILE"]).read_bytes(), password=None)
    assert isinstance(key, Ed25519PrivateKey)
    return key


@cache
def _public_key() -> Ed25519PublicKey:
    return _key().public_key()
