"""Which files other users of the machine can read."""

import os
import stat
from pathlib import Path


def readable_by_others(directory: Path) -> list[str]:
    """The files that a user may read who neither owns them nor is in their group, relative to `directory`."""
    found = []
    for folder, folders, files in os.walk(directory):
        here = Path(folder)
        if not here.stat().st_mode & stat.S_IXOTH:
            folders.clear()
            continue
        found += [here / name for name in files if (here / name).lstat().st_mode & stat.S_IROTH]
    return sorted(str(path.relative_to(directory)) for path in found)
