"""Who gets which port."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.native import ports

NOBODY: frozenset[str] = frozenset()


@pytest.fixture(autouse=True)
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "REGISTRY", tmp_path / "registry.json")


@pytest.fixture
def busy() -> Iterator[int]:
    """A port that somebody listens on."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield int(server.getsockname()[1])


def directory(path: Path) -> Path:
    path.mkdir()
    return path


def test_ports_are_remembered(tmp_path: Path) -> None:
    place = directory(tmp_path / "a")
    first = ports.allocate(place, ["x", "y"], NOBODY, {})
    assert ports.allocate(place, ["x", "y"], NOBODY, {}) == first
    assert first["x"] != first["y"]


def test_two_instances_share_no_port(tmp_path: Path) -> None:
    one, other = (ports.allocate(directory(tmp_path / name), ["x", "y"], NOBODY, {}) for name in ("a", "b"))
    assert not set(one.values()) & set(other.values())


def test_a_port_taken_outside_instances_is_nobody_elses_before_its_server_listens(tmp_path: Path) -> None:
    held = ports.allocate(directory(tmp_path / "a"), ["x", "y"], NOBODY, {})
    loose = ports.any_free()
    later = ports.allocate(directory(tmp_path / "b"), ["x"], NOBODY, {})
    assert len({*held.values(), loose, ports.any_free(), *later.values()}) == 5


def test_a_port_of_an_ended_process_is_given_again(tmp_path: Path) -> None:
    ask = f"from ops.native import ports; ports.REGISTRY = {str(ports.REGISTRY)!r}; print(ports.any_free())"
    asked = [subprocess.run([sys.executable, "-c", ask], capture_output=True, check=True).stdout for _ in range(2)]
    assert asked[0] == asked[1]


def test_busy_preferred_port_is_not_taken(tmp_path: Path, busy: int) -> None:
    assert ports.allocate(directory(tmp_path / "a"), ["x"], NOBODY, {"x": busy})["x"] != busy


def test_port_of_our_own_living_process_is_kept(tmp_path: Path, busy: int) -> None:
    place = directory(tmp_path / "a")
    (place / "ports.json").write_text(f'{{"x:web": {busy}}}')
    assert ports.allocate(place, ["x:web"], frozenset({"x"}), {})["x:web"] == busy
    assert ports.allocate(place, ["x:web"], NOBODY, {})["x:web"] != busy
