"""What make sbom makes of lock files and of what it finds installed; the document itself is written by its vendor."""

import re
import sys
import venv
from pathlib import Path

import pytest

from ops.checks.locks import Package, installed_by
from ops.checks.sbom import differences, installed, python_of_images
from ops.places import ROOT, SERVICES

LOCK = f"""\
colorama==0.4.6 ; sys_platform == 'win32' \\
    --hash=sha256:{"a" * 64}
    # via click
click==8.3.0 \\
    --hash=sha256:{"b" * 64} \\
    --hash=sha256:{"c" * 64}
    # via
    #   -c requirements.lock
    #   uvicorn
puremagic==1.30 ; python_full_version < '3.12' \\
    --hash=sha256:{"d" * 64}
    # via -r services/catalog/requirements.in
puremagic==2.2.0 ; python_full_version >= '3.12' \\
    --hash=sha256:{"e" * 64}
    # via -r services/catalog/requirements.in
"""


def test_markers_are_those_of_the_image_and_not_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    new, old = ([f"{one.name} {one.version}" for one in installed_by(LOCK, python)] for python in ("3.13", "3.11"))
    assert (new, old) == (["click 8.3.0", "puremagic 2.2.0"], ["click 8.3.0", "puremagic 1.30"])


def test_the_lock_file_says_who_wanted_a_package_and_what_its_files_are() -> None:
    click, puremagic = installed_by(LOCK, "3.13")
    assert (click.wanted_by, click.direct, click.hashes) == (("uvicorn",), False, ("b" * 64, "c" * 64))
    assert (puremagic.wanted_by, puremagic.direct, puremagic.purl) == ((), True, "pkg:pypi/puremagic@2.2.0")


def test_a_line_that_is_not_locked_by_a_hash_is_refused() -> None:
    for line in ("click==8.3.0\n", "click>=8 \\\n", "click @ file:///tmp/click \\\n"):
        with pytest.raises(ValueError, match="not a line of a lock file"):
            installed_by(LOCK + line, "3.13")


@pytest.mark.parametrize("service", SERVICES)
def test_every_lock_file_is_read_to_its_end_and_every_package_is_wanted_by_somebody(service: str) -> None:
    lock = (ROOT / "services" / service / "requirements.lock").read_text()
    packages = installed_by(lock, python_of_images())
    names = {package.name for package in packages}
    assert names == {line.partition("==")[0] for line in re.findall(r"^\w.*==", lock, re.MULTILINE)}
    assert len(packages) == len(names), "each in one version"
    assert {needed for package in packages for needed in package.wanted_by} <= names
    assert not [package.name for package in packages if not (package.direct or package.wanted_by) or not package.hashes]


def test_what_an_image_holds_besides_and_what_it_lacks_is_named(tmp_path: Path) -> None:
    venv.create(tmp_path, with_pip=False)
    [site] = tmp_path.glob("lib/python*/site-packages")
    for name, version in (("pip", "26.0"), ("uuid_utils", "0.1"), ("left-over", "1.0")):
        metadata = site / f"{name.replace('-', '_')}-{version}.dist-info" / "METADATA"
        metadata.parent.mkdir()
        metadata.write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    locked = [Package(name, version, (), (), True) for name, version in (("uuid-utils", "0.1"), ("orjson", "3.11"))]
    assert differences(locked, installed([str(tmp_path / "bin" / "python")])) == [
        "holds pkg:pypi/left-over@1.0, which is not locked",
        "lacks pkg:pypi/orjson@3.11",
    ]
    assert differences(locked[:1], {"pkg:pypi/uuid-utils@0.1", "pkg:pypi/pip@26.0"}) == []
