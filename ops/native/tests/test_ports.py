"""Who gets which port."""

import socket
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


def test_busy_preferred_port_is_not_taken(tmp_path: Path, busy: int) -> None:
    assert ports.allocate(directory(tmp_path / "a"), ["x"], NOBODY, {"x": busy})["x"] != busy


def test_port_of_our_own_living_process_is_kept(tmp_path: Path, busy: int) -> None:
    place = directory(tmp_path / "a")
    (place / "ports.json").write_text(f'{{"x:web": {busy}}}')
    assert ports.allocate(place, ["x:web"], frozenset({"x"}), {})["x:web"] == busy
    assert ports.allocate(place, ["x:web"], NOBODY, {})["x:web"] != busy
