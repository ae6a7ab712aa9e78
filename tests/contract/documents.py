"""The six OpenAPI documents, as the services make them; no server runs."""

import importlib
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from fastapi import FastAPI

from shared import topology
from shared.settings import Settings


def apps(folder: Path) -> dict[str, FastAPI]:
    """The api of each service; `folder` is for identity's signing key."""
    key = folder / "signing_key.pem"
    key.write_bytes(Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    made = {}
    for service in topology.SERVICES:
        settings: type[Settings] = importlib.import_module(f"services.{service}.settings").Settings
        create_app = importlib.import_module(f"services.{service}.main").create_app
        options: dict[str, Any] = {"signing_key_file": key} if service == "identity" else {}
        made[service] = create_app(settings(storage_url=f"file://{folder}", **options))
    return made
