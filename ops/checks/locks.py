"""What a lock file makes an image install: its markers decide, by the image's platform and not by this machine's."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from packaging.markers import Marker, default_environment

ENTRY = re.compile(r"^(?P<name>[a-z0-9][a-z0-9._-]*)==(?P<version>[^ ]+)(?: ; (?P<marker>.+?))? \\$")
HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
WANTED_BY = re.compile(r"^    # (?:via |  )(\S.*)$")
LINUX = {
    "os_name": "posix",
    "sys_platform": "linux",
    "platform_system": "Linux",
    "implementation_name": "cpython",
    "platform_python_implementation": "CPython",
}


@dataclass(frozen=True)
class Package:
    """A locked package. `hashes` are those of its files (SHA-256, hex), `wanted_by` the packages that need it, and
    `direct` says that the service itself does."""

    name: str
    version: str
    hashes: tuple[str, ...]
    wanted_by: tuple[str, ...]
    direct: bool

    @property
    def purl(self) -> str:
        """Its name among all packages of the world (package-url)."""
        return f"pkg:pypi/{self.name}@{self.version}"


def installed_by(lock: str, python: str) -> list[Package]:
    """What the text of a lock file, as uv writes it, installs on Linux under CPython `python`, such as 3.13."""
    where = {name: str(value) for name, value in default_environment().items()}
    where |= {**LINUX, "python_version": python, "python_full_version": f"{python}.0"}
    return [package for package, marker in _entries(lock) if not marker or Marker(marker).evaluate(where)]


def _entries(lock: str) -> Iterator[tuple[Package, str]]:
    for text in re.split(r"^(?=[a-z0-9])", lock, flags=re.MULTILINE)[1:]:
        first, *rest = text.splitlines()
        entry = ENTRY.match(first)
        if not entry:
            raise ValueError(f"not a line of a lock file with hashes: {first[:80]}")
        wanted = [found[1] for line in rest if (found := WANTED_BY.match(line))]
        packages = tuple(name for name in wanted if not name.startswith("-"))
        direct = any(name.startswith("-r") for name in wanted)
        hashes = tuple(HASH.findall(text))
        yield Package(entry["name"], entry["version"], hashes, packages, direct), entry["marker"] or ""
