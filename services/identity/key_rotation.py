"""Rotates the signing key: `python -m services.identity.key_rotation prepare|activate|retire FILE`.

prepare: a new key joins the file (SIGNING_KEY_FILE of the apis); it is published and does not sign yet.
activate: the newest key signs, all others still verify.
retire: only the signing key is left. Six minutes after activate no token needs the others; when one has leaked, retire
it at once: its tokens are refused within two seconds, and clients refresh.
Exit code 0: done, the key ids are printed; 1: refused, with the reason; 2: called wrongly.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.identity.signing_keys import KeyRing, SigningKey, SigningKeyMissing, parse_keys

Step = Callable[[tuple[SigningKey, ...]], tuple[SigningKey, ...]]


def prepare(keys: tuple[SigningKey, ...]) -> tuple[SigningKey, ...]:
    """With a new key at the end."""
    return (*keys, SigningKey(Ed25519PrivateKey.generate()))


def activate(keys: tuple[SigningKey, ...]) -> tuple[SigningKey, ...]:
    """With the newest key in front."""
    return (keys[-1], *keys[:-1])


def retire(keys: tuple[SigningKey, ...]) -> tuple[SigningKey, ...]:
    """Only the key that signs."""
    return keys[:1]


STEPS: dict[str, Step] = {"prepare": prepare, "activate": activate, "retire": retire}


def rotate(path: Path, step: Step) -> KeyRing:
    """The new content of the key file, written so that no reader sees half of it. Raises SigningKeyMissing, OSError."""
    ring = KeyRing(step(parse_keys(path.read_text(), str(path)).keys))
    draft = path.with_name(f".{path.name}.new")
    status = path.stat()
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write("".join(key.pem() for key in ring.keys))
        file.flush()
        os.fchmod(file.fileno(), status.st_mode & 0o777)
        os.fsync(file.fileno())
    os.replace(draft, path)
    return ring


def main(arguments: list[str]) -> int:
    """Command line; returns the exit code."""
    if len(arguments) != 2 or arguments[0] not in STEPS:
        sys.stderr.write("key_rotation: name a step (prepare, activate or retire) and the key file\n")
        return 2
    try:
        ring = rotate(Path(arguments[1]), STEPS[arguments[0]])
    except (OSError, ValueError, SigningKeyMissing) as error:
        sys.stderr.write(f"key_rotation: {error}\n")
        return 1
    signing, *others = (key.id for key in ring.keys)
    sys.stdout.write(f"signs: {signing}\nverify as well: {' '.join(others) or 'none'}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
