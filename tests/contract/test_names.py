"""Every name and title that a request may carry, of every service, is one that cannot make the words around it lie."""

import inspect
from typing import Any

import pytest
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic import BaseModel, ValidationError

from ops.openapi.documents import applications

NAMES = {"name", "title", "headline"}
# Compared with a password and thrown away.
NOT_SHOWN = {"PasswordStrengthCreate"}
HOSTILE = ["Invoice \u202efdp.exe", "a\u2066b", "a\u2069b", "two\nlines", "two\u2028lines", "a\x1bb"]


@pytest.fixture(scope="module")
def fields(tmp_path_factory: pytest.TempPathFactory) -> set[tuple[type[BaseModel], str]]:
    services = applications(tmp_path_factory.mktemp("keys"))
    routes = [route for app in services.values() for route in iter_route_contexts(app.routes)]
    routes = [route for route in routes if isinstance(route.original_route, APIRoute)]
    return {(model, name) for route in routes for model in _bodies(route.endpoint) for name in _names_of(model)}


def test_names_and_titles_refuse_what_turns_or_ends_a_line(fields: set[tuple[type[BaseModel], str]]) -> None:
    taken = [(model.__name__, name, text) for model, name in fields for text in HOSTILE if _takes(model, name, text)]
    assert taken == []
    found = {f"{model.__name__}.{name}" for model, name in fields}
    assert {
        *("RegistrationCreate.name", "UserUpdate.name", "UserUpdate.headline", "InvitationCreate.name"),
        *("PasskeyCreate.name", "ApiKeyCreate.name", "CourseCreate.title", "ModuleCreate.title", "LessonCreate.title"),
        *("AnnouncementCreate.title", "LiveSessionCreate.title"),
    } <= found


def _bodies(endpoint: Any) -> list[type[BaseModel]]:
    kinds = [parameter.annotation for parameter in inspect.signature(endpoint, eval_str=True).parameters.values()]
    return [kind for kind in kinds if inspect.isclass(kind) and issubclass(kind, BaseModel)]


def _names_of(model: type[BaseModel]) -> set[str]:
    return NAMES & set(model.model_fields) if model.__name__ not in NOT_SHOWN else set()


def _takes(model: type[BaseModel], name: str, text: str) -> bool:
    try:
        model.__pydantic_validator__.validate_assignment(model.model_construct(), name, text)
    except ValidationError:
        return False
    return True
