"""The rooms of a service and what each may touch, their sizes and their names."""

import ast
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT, imports, is_test, sources

SERVICES = sorted(path.parent for path in (ROOT / "services").glob("*/main.py"))
VENDORS = {
    "stripe", "reportlab", "aiosmtplib", "pika", "argon2", "zxcvbn", "segno", "jinja2", "nh3", "webauthn",
}  # fmt: skip
VENDOR_ROOMS = {"mailer", "pdf", "templates", "passwords", "markdown", "sniffing", "qr", "rendering"}
BANNED_NAMES = {"utils", "helpers", "common", "manager", "base", "service", "misc"}
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
MAX_FILE_LINES = 200
MAX_TEST_FILE_LINES = 300
MAX_FUNCTION_LINES = 40
MAX_PARAMETERS_AFTER_SESSION = 5


def room(path: Path) -> str:
    """Which row of the table a file of a service belongs to."""
    name = path.stem
    if name in {"main", "worker", "settings", "models", "schemas", "routes", "handlers"}:
        return name
    if "models" in path.parts:
        return "models"
    # What a door grows when it gets crowded: more routes, its dependencies, its HTML.
    if name.endswith("_page"):
        return "page"
    if name.endswith("_routes") or name in {"dependencies", "visitors", "browser"}:
        return "routes"
    return "vendor" if name.endswith("_gateway") or name in VENDOR_ROOMS else "domain"


FORBIDDEN = {
    "main": {"sqlalchemy", "pika"},
    "worker": {"sqlalchemy", "fastapi", "pika"},
    "settings": {"sqlalchemy", "fastapi", "pika"},
    "routes": {"sqlalchemy", "pika", "psycopg2", *VENDORS},
    "page": {"sqlalchemy", "pika", "psycopg2"},
    "handlers": {"fastapi", "pika", *VENDORS},
    "domain": {"fastapi", "pika", "starlette", "stripe", "aiosmtplib"},
    "models": {"fastapi", "pydantic", "pika", *VENDORS},
    "schemas": {"sqlalchemy", "fastapi", "pika", *VENDORS},
    "vendor": {"sqlalchemy", "fastapi", "starlette"},
}
FORBIDDEN_ROOMS = {
    "main": {"models"},
    "worker": {"models", "schemas", "routes"},
    "routes": {"models", "handlers", "worker"},
    "page": {"models", "routes", "handlers"},
    "handlers": {"routes", "schemas", "models"},
    "domain": {"routes", "schemas", "handlers", "main", "worker"},
    "models": {"routes", "schemas", "handlers", "main", "worker"},
    "schemas": {"models", "routes", "handlers"},
    "vendor": {"models", "routes", "handlers", "schemas"},
}


@pytest.mark.parametrize("service", SERVICES, ids=lambda path: path.name)
def test_each_room_of_a_service_touches_only_what_it_may(service: Path) -> None:
    breaches = []
    for path in (path for path in sources(f"services/{service.name}") if not is_test(path)):
        for name in imports(path):
            parts = name.split(".")
            own = parts[:2] == ["services", service.name]
            if parts[0] in FORBIDDEN.get(room(path), set()) or (
                own and _rooms_of(parts) & FORBIDDEN_ROOMS.get(room(path), set())
            ):
                breaches.append(f"{path.relative_to(ROOT)} ({room(path)}) imports {name}")
    assert not breaches, "\n".join(breaches)


def _rooms_of(parts: list[str]) -> set[str]:
    return set(parts[2:])


@pytest.mark.parametrize("service", SERVICES, ids=lambda path: path.name)
def test_each_service_has_the_same_doors_and_a_readme(service: Path) -> None:
    expected = {
        "README.md",
        "main.py",
        "worker.py",
        "settings.py",
        "requirements.in",
        "requirements.lock",
        "migrations",
    }
    missing = expected - {path.name for path in service.iterdir()}
    assert not missing


def test_files_and_functions_stay_small() -> None:
    too_big = []
    for path in sources("shared", "services", "ops", "gateway", "tests"):
        text = path.read_text()
        limit = MAX_TEST_FILE_LINES if is_test(path) else MAX_FILE_LINES
        lines = text.count("\n")
        if lines > limit:
            too_big.append(f"{path.relative_to(ROOT)}: {lines} lines, at most {limit}")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, FUNCTIONS) and node.end_lineno:
                length = node.end_lineno - node.lineno + 1
                if length > MAX_FUNCTION_LINES:
                    too_big.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name}: {length} lines")
    assert not too_big, "\n".join(too_big)


def test_domain_functions_take_few_parameters() -> None:
    too_many = []
    for path in (path for path in sources("services") if not is_test(path)):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.FunctionDef) or not node.args.args or node.args.args[0].arg != "session":
                continue
            count = len(node.args.args) + len(node.args.kwonlyargs) - 1
            if count > MAX_PARAMETERS_AFTER_SESSION:
                too_many.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name}: {count} after session")
    assert not too_many, "\n".join(too_many)


def test_no_module_is_named_after_nothing() -> None:
    files = [path for path in sources("shared", "services", "ops") if path.stem in BANNED_NAMES]
    assert not files


def test_public_functions_of_the_kernel_say_what_they_return() -> None:
    silent = []
    for path in (path for path in sources("shared") if not is_test(path)):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, FUNCTIONS) and not node.name.startswith("_") and not ast.get_docstring(node):
                silent.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name}")
    assert not silent, "\n".join(silent)
