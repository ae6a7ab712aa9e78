"""Tells whether code or templates changed since a process was started."""

import hashlib
from pathlib import Path

IGNORED = {"__pycache__", "tests", ".pytest_cache"}


def tree_version(*trees: Path) -> str:
    """Changes when a file below `trees` changes, by path, size and time of modification. Tests do not count."""
    digest = hashlib.sha256()
    for tree in trees:
        for path in sorted(tree.rglob("*")):
            if path.is_file() and not IGNORED & set(path.relative_to(tree).parts):
                stat = path.stat()
                digest.update(f"{path}:{stat.st_size}:{stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()
