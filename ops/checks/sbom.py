"""Writes what each service's image installs as a CycloneDX document, from its lock file: `make sbom`.

With --images it looks into the images, too: exit code 1 when one holds something else.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from ops.checks.locks import Package, installed_by
from ops.failure import OpsError
from ops.places import ROOT, SERVICES, VAR

HOME = VAR / "sbom"
# Where the Makefile installs what only checks.
TOOLS = VAR / "checks" / "bin"
# The tag of the images, as docker-compose.yml has it.
RELEASE = os.environ.get("RELEASE") or "latest"
SECONDS = 120
# Every virtual environment begins with it; no service imports it.
COMES_WITH_PYTHON = {"pip"}
INVENTORY = "import importlib.metadata as m; [print(d.name, d.version) for d in m.distributions()]"
VALIDATION = """
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
faults = [JsonStrictValidator(SchemaVersion.V1_6).validate_str(open(path).read()) for path in sys.argv[1:]]
sys.exit("\\n".join(map(str, filter(None, faults))) or 0)
"""
Document = dict[str, Any]


def main(images: bool) -> int:
    """The exit code; what was written and found is printed."""
    console = Console(highlight=False, soft_wrap=True)
    HOME.mkdir(parents=True, exist_ok=True)
    found: list[str] = []
    try:
        for service in SERVICES:
            packages = installed_by((ROOT / "services" / service / "requirements.lock").read_text(), python_of_images())
            path = HOME / f"{service}.json"
            path.write_text(json.dumps(describe(service, packages), indent=1) + "\n")
            console.print(f"  {path.relative_to(ROOT)}: {len(packages)} packages")
            found += _look_inside(f"academy/{service}:{RELEASE}", packages) if images else []
        _run([TOOLS / "python", "-c", VALIDATION, *sorted(HOME.glob("*.json"))])
    except OpsError as error:
        found.append(str(error))
    for line in found:
        console.print(f"  [red]✗[/] {line}")
    return int(bool(found))


def _look_inside(image: str, packages: Sequence[Package]) -> list[str]:
    python = ["docker", "run", "--rm", "--network", "none", image, "python"]
    return [f"{image} {difference}" for difference in differences(packages, installed(python))]


def python_of_images() -> str:
    """The version of Python that the images have, such as 3.13."""
    [version] = set(re.findall(r"^FROM python:(\d+\.\d+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE))
    return str(version)


def describe(service: str, packages: Sequence[Package]) -> Document:
    """The document about a service with these packages. Raises OpsError when the program leaves one out."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "pyproject.toml"
        project.write_text(f'[project]\nname = "academy-{service}"\nversion = "{version}"\n')
        options = ("--pyproject", str(project), "--output-reproducible", "--no-validate", "--output-file", "-")
        command = [str(TOOLS / "cyclonedx-py"), "requirements", *options, "-"]
        document: Document = json.loads(_run(command, _requirements(packages)))
    if sorted(component["purl"] for component in document["components"]) != sorted(one.purl for one in packages):
        raise OpsError(f"The document about {service} does not name what is locked.")
    _tell_who_needs_what(document, packages)
    return document


def _requirements(packages: Sequence[Package]) -> str:
    return "\n".join(
        " ".join([f"{package.name}=={package.version}", *(f"--hash=sha256:{one}" for one in package.hashes)])
        for package in packages
    )


def _tell_who_needs_what(document: Document, packages: Sequence[Package]) -> None:
    """The program knows the lines of a file; the lock file knows who wanted each."""
    for component in document["components"]:
        # The line of the file, with all its hashes once more.
        del component["description"]
        component["bom-ref"] = component["purl"]
    service = document["metadata"]["component"]["bom-ref"]
    needs = {service: [package.purl for package in packages if package.direct]}
    for package in packages:
        needs[package.purl] = [other.purl for other in packages if package.name in other.wanted_by]
    document["dependencies"] = [{"ref": ref, "dependsOn": wanted} for ref, wanted in sorted(needs.items())]


def installed(python: Sequence[str]) -> set[str]:
    """The packages that a Python finds, as purls. Raises OpsError."""
    lines = (line.split() for line in _run([*python, "-c", INVENTORY]).splitlines())
    return {f"pkg:pypi/{re.sub(r'[-_.]+', '-', name.lower())}@{version}" for name, version in lines}


def differences(packages: Sequence[Package], inside: set[str]) -> list[str]:
    """What is inside and not locked, or locked and not inside; the ends of sentences."""
    locked = {package.purl for package in packages}
    unknown = {purl for purl in inside - locked if re.split("[/@]", purl)[1] not in COMES_WITH_PYTHON}
    return [f"holds {purl}, which is not locked" for purl in sorted(unknown)] + [
        f"lacks {purl}" for purl in sorted(locked - inside)
    ]


def _run(command: Sequence[str | Path], text: str = "") -> str:
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=SECONDS, check=False)
    if done.returncode:
        last = done.stderr.strip()[-2000:]
        raise OpsError(f"{Path(command[0]).name} failed.", "make sbom installs it; an image must be built first", last)
    return done.stdout


if __name__ == "__main__":
    sys.exit(main("--images" in sys.argv))
