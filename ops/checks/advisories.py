"""Asks the advisory database about every locked package: `make advisories`, the last step of `make check`.

Exit code 1 when a package has a known vulnerability. A database that does not answer is said, loudly, and no failure:
nothing could be built behind a wall otherwise. It is never taken for a good answer: pip-audit skips what it gets a 404
for, so a package that is known to be vulnerable is asked about first, and skipped packages are counted.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from rich.console import Console

from ops.places import ROOT

# CVE-2025-43859: whoever does not know of it knows nothing.
KNOWN_TO_BE_VULNERABLE = "h11==0.14.0"
LOCKS = ("requirements.lock", "ops/checks/requirements.lock")
# Advisory -> why it does not concern us. Empty is how it should be.
IGNORED: dict[str, str] = {}
SECONDS = 180
NOT_ASKED = "[bold yellow]NOT ASKED:[/]"


def main(pip_audit: str) -> int:
    """The exit code; the findings are printed."""
    console = Console(highlight=False, soft_wrap=True)
    if not _vulnerable(_ask(pip_audit, KNOWN_TO_BE_VULNERABLE)):
        console.print(
            f"{NOT_ASKED} the advisory database does not answer from here, so nothing is known of the packages"
        )
        console.print(
            f"in {' and '.join(LOCKS)}. Run `make advisories` where the Python package index itself can be reached."
        )
        return 0
    vulnerable = [_report(console, lock, _ask(pip_audit, (ROOT / lock).read_text())) for lock in LOCKS]
    return int(any(vulnerable))


def _report(console: Console, lock: str, packages: list[dict[str, Any]]) -> bool:
    """True when a package of the lock file is vulnerable."""
    found = _vulnerable(packages)
    skipped = [package["name"] for package in packages if "skip_reason" in package]
    console.print(f"{lock}: {len(packages)} packages, {len(found)} known vulnerabilities")
    for line in found:
        console.print(f"  [red]{line}[/]")
    if skipped or not packages:
        console.print(f"  {NOT_ASKED} about {', '.join(skipped) or 'any of it: no answer this time'}")
    return bool(found)


def _ask(pip_audit: str, requirements: str) -> list[dict[str, Any]]:
    """What the database says about each package; nothing when it does not answer."""
    ignored = [part for advisory in IGNORED for part in ("--ignore-vuln", advisory)]
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        Path(file.name).write_text(requirements)
        command = [pip_audit, "--format", "json", "--progress-spinner", "off", "--disable-pip", "--no-deps"]
        try:
            done = subprocess.run(
                [*command, *ignored, "--requirement", file.name],
                capture_output=True, text=True, timeout=SECONDS, check=False,
            )  # fmt: skip
            packages: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
        except (subprocess.TimeoutExpired, ValueError):
            return []
    return packages


def _vulnerable(packages: list[dict[str, Any]]) -> list[str]:
    """A line for each flaw of each package."""
    return [
        f"{package['name']} {package['version']}: {flaw['id']}, mended in {flaw['fix_versions'] or 'no version yet'}"
        for package in packages
        for flaw in package.get("vulns", ())
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
