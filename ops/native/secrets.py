"""Passwords and keys of one instance, generated once, readable by its owner only."""

import json
import os
import secrets
from pathlib import Path

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from ops.places import SERVICES

ADMIN_EMAIL = "admin@academy.example"
_PER_SERVICE = ("database_password", "migration_password", "broker_password")
_ALONE = ("postgres_admin_password", "broker_admin_password", "internal_token", "admin_password")


def load(directory: Path) -> dict[str, str]:
    """The secrets of an instance by lower-case variable name; what is missing is generated and kept."""
    path = directory / "secrets.json"
    known: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    wanted = [f"{service}_{kind}" for service in SERVICES for kind in _PER_SERVICE] + list(_ALONE)
    complete = {name: secrets.token_urlsafe(24) for name in wanted} | {
        "stripe_api_key": new_stripe_key(),
        "stripe_webhook_secret": new_webhook_secret(),
        "encryption_keys": new_encryption_key(),
        "admin_email": ADMIN_EMAIL,
    }
    complete |= known
    if complete != known:
        write_private(path, json.dumps(complete, indent=2))
    return complete


def signing_key(directory: Path) -> Path:
    """The file with the Ed25519 private key (PEM) that signs access tokens; generated once."""
    path = directory / "signing_key.pem"
    if not path.exists():
        write_private(path, new_signing_key())
    return path


def new_signing_key() -> str:
    """An Ed25519 private key as PEM."""
    key = Ed25519PrivateKey.generate()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def new_encryption_key() -> str:
    """A Fernet key: 32 random bytes in base64url."""
    return Fernet.generate_key().decode()


def new_stripe_key() -> str:
    """Looks like a test key of Stripe, whose prefix says that no money moves."""
    return f"sk_test_{secrets.token_hex(24)}"


def new_webhook_secret() -> str:
    """Looks like the signing secret of a Stripe webhook endpoint."""
    return f"whsec_{secrets.token_hex(24)}"


def write_private(path: Path, text: str, mode: int = 0o600) -> None:
    """Replaces a file at once; only its owner may read it unless `mode` says otherwise."""
    partial = path.with_name(f"{path.name}.partial")
    partial.unlink(missing_ok=True)
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(text)
        os.fchmod(file.fileno(), mode)
    partial.replace(path)
