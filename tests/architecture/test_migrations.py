"""Migrations of a service are one line without forks, numbered in order: two that both took a number are found here."""

import ast
import re
from pathlib import Path

import pytest

TAKEN_AWAY = re.compile(r"drop_table|drop_column|DROP (TABLE|COLUMN)|RENAME (COLUMN|TO)|rename_table|new_column_name")
# What a migration whose docstring begins so takes away, no process of the release before uses any more.
CONTRACTION = "Contraction:"
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


@pytest.mark.parametrize("service", SERVICES, ids=lambda path: path.name)
def test_a_migration_takes_nothing_from_the_release_before_which_still_runs(service: Path) -> None:
    for path in (service / "migrations" / "versions").glob("*.py"):
        text = "\n".join(line for line in path.read_text().splitlines() if "ALTER INDEX" not in line)
        if not (ast.get_docstring(ast.parse(text)) or "").startswith(CONTRACTION):
            assert not TAKEN_AWAY.search(text), f"{path} drops or renames: the old release fails until it is replaced"
