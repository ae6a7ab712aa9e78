"""Pid files: which process we started under which name, written so that a reused pid is never taken for ours."""

import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from ops.native import identity


@dataclass(frozen=True)
class Record:
    """One process as it was started."""

    pid: int
    identity: str
    fingerprint: str
    cwd: str
    stop_signal: int
    stop_seconds: float

    @property
    def alive(self) -> bool:
        """Whether exactly this process still runs."""
        return bool(self.identity) and identity.identity(self.pid) == self.identity

    def leftovers(self) -> list[int]:
        """What it left behind when it crashed: processes of its session, of this boot, in its working directory."""
        if self.identity.partition(":")[0] != identity.boot_id():
            return []
        same_place = set(identity.working_in(Path(self.cwd)))
        return [pid for pid in identity.leftovers(self.pid) if pid in same_place]


class Pidfiles:
    """`NAME.json` for each process of one instance."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def read(self, name: str) -> Record | None:
        """The record of that name, or None when there is none that can be read."""
        with suppress(OSError, ValueError, TypeError):
            return Record(**json.loads(self._path(name).read_text()))
        return None

    def write(self, name: str, record: Record) -> None:
        """Keeps a record; a crash in between leaves the old one whole."""
        partial = self.directory / f"{name}.partial"
        partial.write_text(json.dumps(asdict(record)))
        partial.replace(self._path(name))

    def forget(self, name: str) -> None:
        """Drops a record."""
        self._path(name).unlink(missing_ok=True)

    def names(self) -> list[str]:
        """The names on record, in the order they were started."""
        began: dict[str, int] = {}
        for path in self.directory.glob("*.json"):
            # One that is dropped in this moment is on record no more.
            with suppress(FileNotFoundError):
                began[path.stem] = path.stat().st_mtime_ns
        return sorted(began, key=began.__getitem__)

    def _path(self, name: str) -> Path:
        return self.directory / f"{name}.json"
