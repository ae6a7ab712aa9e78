"""Directories that a server's own user can enter. Postgres refuses root, and nginx workers give root up."""

import hashlib
import os
import pwd
import subprocess
from pathlib import Path

from ops.failure import OpsError

FALLBACK = Path("/var/lib/academy-native")


def server_user(*names: str) -> str | None:
    """The first existing system user of `names` when we are root; None otherwise: then servers run as ourselves."""
    if os.geteuid() != 0:
        return None
    for name in names:
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    raise OpsError(f"No system user {' or '.join(names)} here.", "run it as a user who is not root")


def home_for_servers(directory: Path, users: list[str]) -> Path:
    """`directory` when every one of `users` can enter it, else a directory under /var/lib made from its path."""
    directory.mkdir(parents=True, exist_ok=True)
    if all(_can_enter(user, directory) for user in users):
        return directory
    home = fallback(directory)
    home.mkdir(parents=True, exist_ok=True, mode=0o711)
    home.chmod(0o711)
    return home


def share_with_nginx(directory: Path) -> None:
    """Makes a directory that we and nginx' workers may read and no other user. What is written in it gets the workers'
    group, folders made before included."""
    user = server_user("www-data", "nginx")
    directory.mkdir(exist_ok=True)
    for folder, _, _ in os.walk(directory):
        if user:
            os.chown(folder, -1, pwd.getpwnam(user).pw_gid)
        os.chmod(folder, 0o2750 if user else 0o700)


def fallback(directory: Path) -> Path:
    """Where the servers' files of an instance lie when its own directory is closed to them."""
    digest = hashlib.sha256(str(directory).encode()).hexdigest()[:8]
    return FALLBACK / f"{directory.name}-{digest}"


def _can_enter(user: str, directory: Path) -> bool:
    command = ["test", "-x", str(directory)]
    return subprocess.run(command, user=user, group=user, extra_groups=[], cwd="/", check=False).returncode == 0
