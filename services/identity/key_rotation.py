"""Rotates the signing key: `python -m services.identity.key_rotation prepare|activate|retire FILE`.

prepare: a new key joins the file (SIGNING_KEY_FILE of the apis); it is published and does not sign yet.
activate: the newest key signs, all others still verify.
retire: only the signing key is left. Six minutes after activate no token needs the others; when one has leaked, retire
it at once: its tokens are refused within two seconds, and clients refresh.
The file keeps its owner, group and mode, so that identity can still read it: run this as its owner or as root.
Exit code 0: done, the key ids are printed; 1: refused, with the reason; 2: called wrongly.
"""

import errno
import os
import stat
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


class NotReplaceable(OSError):
    """The key file cannot be replaced with its owner kept; says as which user, or where, it can."""


def rotate(path: Path, step: Step) -> KeyRing:
    """Replaces the content of the key file, so that no reader sees half of it. Raises SigningKeyMissing, OSError."""
    # The target of a link is replaced, not the link.
    path = path.resolve()
    ring = KeyRing(step(parse_keys(path.read_text(), str(path)).keys))
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    status = path.stat()
    try:
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write("".join(key.pem() for key in ring.keys))
            file.flush()
            _keep_access(file.fileno(), status)
            os.fsync(file.fileno())
        os.replace(draft, path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise _explained(error, path) from error
    return ring


def _keep_access(handle: int, status: os.stat_result) -> None:
    """Gives the new file the old one's owner, group and mode. Raises NotReplaceable."""
    try:
        os.fchown(handle, status.st_uid, status.st_gid)
    except PermissionError as error:
        raise NotReplaceable(
            f"the file belongs to user {status.st_uid}, group {status.st_gid}, and must stay theirs, or identity cannot"
            f" read it; run this as user {status.st_uid} or as root. Nothing was changed"
        ) from error
    os.fchmod(handle, stat.S_IMODE(status.st_mode))


def _explained(error: OSError, path: Path) -> OSError:
    if error.errno in (errno.EBUSY, errno.EROFS):
        return NotReplaceable(
            f"{path} is mounted here and cannot be replaced; run this where the file itself lies, then restart identity"
            " (docs/operations.md). Nothing was changed"
        )
    return error


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
