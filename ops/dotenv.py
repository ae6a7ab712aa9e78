"""Writes `.env` for Docker Compose from `.env.example`, with fresh secrets and free ports.

A value that is there is never changed: passwords live on in the volumes, whoever forgets them loses the data.
"""

import os
import re
import secrets
import shutil
from pathlib import Path

from ops.native.ports import any_free, is_free
from ops.native.secrets import new_encryption_key, new_signing_key, new_stripe_key, new_webhook_secret, write_private

LINE = re.compile(r"^([A-Z][A-Z0-9_]*)=(.*)$", re.MULTILINE)
# The services' user in the images, who must be able to read the signing key.
CONTAINER_USER = 10001
PORTS = ("GATEWAY_PORT", "STRIPE_PORT", "MAIL_PORT", "OPENID_PORT")
HOUSE_SECRET = re.compile(r"^(?!SMTP_|AWS_).*(_PASSWORD|_TOKEN)$")


def read(path: Path) -> dict[str, str]:
    """The names and values of such a file; empty when there is none."""
    return dict(LINE.findall(path.read_text())) if path.exists() else {}


def complete(path: Path, example: Path, keys: Path) -> dict[str, str]:
    """Adds to `path` what it lacks of `example`; `keys` takes the signing key. Returns all names with their values."""
    known = read(path)
    if known.get("SIGNING_KEY_FILE") == str(_key_path(keys)):
        _signing_key_file(keys)
    wanted = read(example)
    missing = {name: _value(name, wanted[name], keys) for name in wanted if name not in known}
    if "GATEWAY_PORT" in missing and "PUBLIC_URL" in missing:
        missing["PUBLIC_URL"] = f"http://localhost:{missing['GATEWAY_PORT']}"
    if not known:
        text = LINE.sub(lambda line: f"{line[1]}={missing[line[1]]}", example.read_text())
        write_private(path, text)
    elif missing:
        before = path.read_text().rstrip("\n")
        write_private(path, "\n".join([before, *(f"{name}={value}" for name, value in missing.items()), ""]))
    return known | missing


def _value(name: str, default: str, keys: Path) -> str:
    if name in PORTS:
        return default if is_free(int(default)) else str(any_free())
    if default:
        return default
    if name == "SIGNING_KEY_FILE":
        return str(_signing_key_file(keys))
    if name == "ENCRYPTION_KEYS":
        return new_encryption_key()
    if name == "STRIPE_API_KEY":
        return new_stripe_key()
    if name == "STRIPE_WEBHOOK_SECRETS":
        return new_webhook_secret()
    return secrets.token_urlsafe(24) if HOUSE_SECRET.match(name) else ""


def _key_path(keys: Path) -> Path:
    return keys.resolve() / "signing_key.pem"


def _signing_key_file(keys: Path) -> Path:
    # The containers' user must read the file, nobody else's user must get to it: it is open in a closed folder.
    path = _key_path(keys)
    keys.mkdir(parents=True, exist_ok=True)
    keys.chmod(0o700)
    if not path.exists():
        write_private(path, new_signing_key())
        if os.geteuid() == 0:
            shutil.chown(path, CONTAINER_USER)
        else:
            path.chmod(0o644)
    return path
