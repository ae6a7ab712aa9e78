"""What each service says of its own api. Nothing runs: the applications are made, not served."""

import importlib
import tempfile
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from fastapi import FastAPI

from ops.native.secrets import new_encryption_key
from ops.places import SERVICES

Document = dict[str, Any]


def service_documents() -> dict[str, Document]:
    """The OpenAPI document of each service by its name."""
    return deepcopy(_documents())


@cache
def _documents() -> dict[str, Document]:
    # The code does not change while a process runs.
    with tempfile.TemporaryDirectory() as folder:
        return {service: app.openapi() for service, app in applications(Path(folder)).items()}


def applications(folder: Path) -> dict[str, FastAPI]:
    """The api of each service by its name; what they need of a disk lies in `folder`."""
    return {service: _application(service, folder) for service in SERVICES}


def _application(service: str, folder: Path) -> FastAPI:
    settings: dict[str, Any] = {"storage_url": f"file://{folder}"}
    if service == "identity":
        settings["signing_key_file"] = _signing_key(folder / "signing_key.pem")
        settings["encryption_keys"] = new_encryption_key()
    made = importlib.import_module(f"services.{service}.settings").Settings(**settings)
    app: FastAPI = importlib.import_module(f"services.{service}.main").create_app(made)
    return app


def _signing_key(path: Path) -> Path:
    """identity does not start without one."""
    key = Ed25519PrivateKey.generate()
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return path
