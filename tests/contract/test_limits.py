"""Every declared limit is in the documentation and in the documents of the operations that it holds back."""

import re
import sys
from pathlib import Path

import pytest
from fastapi import FastAPI

from ops.openapi.documents import applications
from shared.limits import UNITS, Limit

# Refused without a word: the answer must not tell who has an account.
SILENT = {"registration-mails", "password-reset-mails"}
# Counted, and nothing is refused.
TALLIES = {"recorded-refusals"}
PAGE = Path(__file__).parents[2] / "docs" / "api.md"


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> dict[str, FastAPI]:
    return applications(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="module")
def limits(services: dict[str, FastAPI]) -> dict[str, Limit]:
    """Those that the modules of the six services declare, by name."""
    modules = [module for name, module in sys.modules.items() if name.startswith("services.") and ".tests" not in name]
    found = {one for module in modules for one in vars(module).values() if isinstance(one, Limit)}
    assert len({one.name for one in found}) == len(found), "two limits of one name"
    return {one.name: one for one in found if one.name not in TALLIES}


def test_the_page_lists_every_limit_as_it_is(limits: dict[str, Limit]) -> None:
    table = PAGE.read_text().split("| `limit` |")[1].split("\n\n")[0]
    rows = dict(re.findall(r"^\| `([a-z-]+)` \| ([^|]+) \|", table, re.M))
    assert rows == {name: str(limit) for name, limit in limits.items()}


def test_every_limit_is_in_the_document_of_an_operation(services: dict[str, FastAPI], limits: dict[str, Limit]) -> None:
    told = {
        name
        for app in services.values()
        for path in app.openapi()["paths"].values()
        for operation in path.values()
        for name, limit in limits.items()
        if f"{limit} (`{name}`)" in operation["responses"]["429"].get("description", "")
    }
    assert told == limits.keys() - SILENT


def test_a_limit_tells_a_person_what_to_do(limits: dict[str, Limit]) -> None:
    for limit in limits.values():
        assert limit.advice.endswith("."), limit.name
        assert limit.period in UNITS, limit.name
