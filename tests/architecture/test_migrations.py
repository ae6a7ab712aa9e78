"""Migrations of a service are one line without forks, numbered in order: two that both took a number are found here."""

import ast
from pathlib import Path

import pytest

SERVICES = sorted(path.parent for path in (Path(__file__).resolve().parents[2] / "services").glob("*/migrations"))


def _assigned(path: Path, name: str) -> str | None:
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == name:
            value: str | None = ast.literal_eval(node.value)
            return value
    raise AssertionError(f"{path} has no {name}")


@pytest.mark.parametrize("service", SERVICES, ids=lambda path: path.name)
def test_migrations_are_numbered_without_gap_or_fork(service: Path) -> None:
    files = sorted((service / "migrations" / "versions").glob("*.py"))
    numbers = [f"{number:04}" for number in range(1, len(files) + 1)]
    assert [path.name[:4] for path in files] == numbers
    assert [_assigned(path, "revision") for path in files] == numbers
    assert [_assigned(path, "down_revision") for path in files] == [None, *numbers[:-1]]
