"""The secrets of Docker Compose: a file each in one folder, which docker-compose.yml mounts where it is needed.

A file that is there is never changed: passwords live on in the volumes, and who loses them loses the data.
"""

import json
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path

from ops.compose_files import plain, variable
from ops.failure import OpsError
from ops.native.secrets import new_encryption_key, new_signing_key, new_stripe_key, new_webhook_secret, write_private
from ops.openid_simulator.settings import offer
from ops.places import ROOT, SERVICES

# The OpenID simulator as identity's api reaches it.
OPENID_ISSUER = "http://openid-simulator:8070"
SIGNING_KEY = "signing_key.pem"
Maker = Callable[[], str]


def _random() -> str:
    return secrets.token_urlsafe(24)


def _provider() -> str:
    return json.dumps([offer(OPENID_ISSUER)])


# What the platform makes up for itself.
OWN: dict[str, Maker] = {
    **dict.fromkeys(("postgres_admin_password", "broker_admin_password", "internal_token"), _random),
    **{f"{service}_{kind}_password": _random for service in SERVICES for kind in ("database", "migration", "broker")},
    "admin_password": _random,
    "encryption_keys": new_encryption_key,
    SIGNING_KEY: new_signing_key,
}
# What somebody else gives out; in development the simulators take these.
FOREIGN: dict[str, Maker] = {"stripe_api_key": new_stripe_key, "stripe_webhook_secrets": new_webhook_secret}
# What may stay empty in production.
OPTIONAL: dict[str, Maker] = {
    "sign_in_providers": _provider,
    **dict.fromkeys(("smtp_password", "aws_access_key_id", "aws_secret_access_key"), str),
}
ALL = OWN | FOREIGN | OPTIONAL


def folder_of(env: Mapping[str, str]) -> Path:
    """The folder that `.env` names; var/docker/secrets by default."""
    return ROOT / (variable("SECRETS_FOLDER", env) or "var/docker/secrets")


def read(folder: Path, name: str) -> str:
    """A secret; "" when its file is missing or empty."""
    path = folder / name
    return path.read_text().strip() if path.exists() else ""


def take_over(folder: Path, env: Mapping[str, str]) -> list[str]:
    """Writes the secrets that stand in `env`, the content of `.env`, into files. Returns the variables that are done.

    Raises OpsError when a file holds another value, and when the value cannot be read as docker compose reads it.
    """
    found = [name for name in env if name.lower() in ALL]
    for name in found:
        _write(folder, name.lower(), _literal(name, env[name]), name)
    if "SIGNING_KEY_FILE" in env:
        path = ROOT / plain(env["SIGNING_KEY_FILE"])
        if path != ROOT and path.resolve() != (folder / SIGNING_KEY).resolve():
            if not path.is_file():
                raise OpsError(f"SIGNING_KEY_FILE in .env names {path}, which is no file.", "put it back, or name it")
            _write(folder, SIGNING_KEY, path.read_text().strip(), "SIGNING_KEY_FILE")
        found.append("SIGNING_KEY_FILE")
    return found


def make(folder: Path, production: bool) -> list[str]:
    """Makes the files that are missing. In production those of others are left empty. Returns the made ones' names."""
    made = [name for name in ALL if not (folder / name).exists()]
    for name in made:
        _store(folder, name, "" if production and name not in OWN else ALL[name]())
    return made


def missing(folder: Path) -> list[str]:
    """What an operator must do before a start: a line for the files that are missing, one for those that are empty."""
    absent = [name for name in ALL if not (folder / name).exists()]
    empty = [name for name in OWN | FOREIGN if name not in absent and not read(folder, name)]
    return [
        *([f"make secrets, or restore the secret files missing in {folder}: {', '.join(absent)}"] if absent else []),
        *([f"write the values into the empty secret files in {folder}: {', '.join(empty)}"] if empty else []),
    ]


def _literal(name: str, value: str) -> str:
    if "$" in value and not value.startswith("'"):
        raise OpsError(f"{name} in .env contains a $, which docker compose replaces.", "put the value in single quotes")
    return plain(value)


def _write(folder: Path, name: str, value: str, source: str) -> None:
    there = read(folder, name)
    if there and value and there != value:
        raise OpsError(f"{source} in .env and the file {folder / name} differ.", f"take {source} out of .env")
    if value and not there:
        _store(folder, name, value)


def _store(folder: Path, name: str, value: str) -> None:
    # Compose mounts the file with its mode, and users of several images must read it: it is open in a closed folder.
    if not folder.exists():
        folder.mkdir(parents=True)
        folder.chmod(0o700)
    write_private(folder / name, value.strip() + "\n" if value else "", 0o644)
