"""The repository's Python files, as the architecture tests read them."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def sources(*folders: str) -> list[Path]:
    """All of ours below these folders, without migrations, which are history."""
    skipped = {".venv", "var", "node_modules", "migrations"}
    found = (path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return sorted(path for path in found if not skipped & set(path.relative_to(ROOT).parts))


def is_test(path: Path) -> bool:
    """True for what lies in a folder of tests."""
    return "tests" in path.relative_to(ROOT).parts


def imports(path: Path) -> Iterator[str]:
    """The full name of each thing that a file imports."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
