"""`.env` for Docker Compose: what is not secret, from `.env.example` and with free ports. Secrets are files beside it.

A value that is there is never changed.
"""

import re
from pathlib import Path

from ops import compose_files, secret_files
from ops.native.ports import any_free, is_free
from ops.native.secrets import write_private

LINE = re.compile(r"^([A-Z][A-Z0-9_]*)=(.*)$", re.MULTILINE)
PORTS = ("GATEWAY_PORT", "STRIPE_PORT", "MAIL_PORT", "OPENID_PORT")


def read(path: Path) -> dict[str, str]:
    """The names and values of such a file; empty when there is none."""
    return dict(LINE.findall(path.read_text())) if path.exists() else {}


def complete(path: Path, example: Path) -> dict[str, str]:
    """Adds to a developer's `path` what it lacks of `example`. Returns all names with their values."""
    known = read(path)
    wanted = read(example)
    missing = {name: _value(name, wanted[name]) for name in wanted if name not in known}
    if "GATEWAY_PORT" in missing and "PUBLIC_URL" in missing:
        missing["PUBLIC_URL"] = f"http://localhost:{missing['GATEWAY_PORT']}"
    if not known:
        text = LINE.sub(lambda line: f"{line[1]}={missing[line[1]]}", example.read_text())
        write_private(path, text)
    elif missing:
        before = path.read_text().rstrip("\n")
        write_private(path, "\n".join([before, *(f"{name}={value}" for name, value in missing.items()), ""]))
    return known | missing


def move_secrets(path: Path) -> list[str]:
    """Moves the secrets that stand in `.env` into files of their own, values kept. Returns the variables. Raises
    OpsError."""
    known = read(path)
    moved = secret_files.take_over(secret_files.folder_of(known), known)
    if moved:
        lines = path.read_text().splitlines()
        kept = [line for line in lines if not ((found := LINE.match(line)) and found[1] in moved)]
        write_private(path, "\n".join([*kept, ""]))
    return moved


def prepare(path: Path, example: Path) -> tuple[list[str], list[str]]:
    """Makes `.env` and the secret files ready. Returns the variables that moved and the files that were made.

    A production platform's `.env` is completed by its operator, not from a developer's example. Raises OpsError.
    """
    production = compose_files.is_production(read(path))
    moved = move_secrets(path) if path.exists() else []
    env = read(path) if production else complete(path, example)
    return moved, secret_files.make(secret_files.folder_of(env), production)


def _value(name: str, default: str) -> str:
    if name in PORTS:
        return default if is_free(int(default)) else str(any_free())
    return default
