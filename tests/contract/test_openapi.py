"""What the six OpenAPI documents promise together, and that they promise what the routes do."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic import TypeAdapter, ValidationError

from shared.auth import Access, Internal, Public, dependency_calls
from shared.examples import example_of
from shared.preconditions import read_if_match
from shared.routing import AcademyRoute

# They replace nothing that somebody else may have changed: a mark that is there or not, a file that never changes.
# A picture is one file, written whole.
WITHOUT_IF_MATCH = {
    "update_notification_settings",
    "undo_lesson",
    "delete_file",
    "end_session",
    "end_sessions",
    "remove_totp",
    "remove_passkey",
    "remove_identity",
    "revoke_api_key",
    "revoke_api_key_of_user",
    "set_avatar",
    "remove_avatar",
}
Operation = tuple[str, str, dict[str, Any]]


@pytest.fixture(scope="module")
def documents(apis: dict[str, FastAPI]) -> list[dict[str, Any]]:
    return [app.openapi() for app in apis.values()]


@pytest.fixture(scope="module")
def operations(documents: list[dict[str, Any]]) -> list[Operation]:
    return [
        (method.upper(), path, operation)
        for document in documents
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def routes(apis: dict[str, FastAPI]) -> Iterator[Any]:
    """Every documented route of every service."""
    for app in apis.values():
        for route in iter_route_contexts(app.routes):
            if isinstance(route.original_route, APIRoute) and route.include_in_schema:
                yield route


def test_every_operation_has_a_short_id_that_no_other_has(operations: list[Operation]) -> None:
    ids = Counter(operation["operationId"] for _, _, operation in operations)
    assert [name for name, count in ids.items() if count > 1 or len(name) > 40] == []


def test_no_two_services_answer_the_same_path(operations: list[Operation]) -> None:
    places = Counter((method, path) for method, path, _ in operations)
    assert [place for place, count in places.items() if count > 1] == []


def test_components_of_one_name_are_the_same_in_every_document(documents: list[dict[str, Any]]) -> None:
    seen: dict[tuple[str, str], str] = {}
    for document in documents:
        for kind, components in document["components"].items():
            for name, component in components.items():
                text = json.dumps(component, sort_keys=True)
                assert seen.setdefault((kind, name), text) == text, f"{kind} {name} means two things"


def test_every_operation_says_what_it_does_and_where_it_belongs(operations: list[Operation]) -> None:
    bare = [path for _, path, operation in operations if not operation.get("description") or not operation.get("tags")]
    assert bare == []


def test_every_problem_is_described_as_one(operations: list[Operation], documents: list[dict[str, Any]]) -> None:
    responses = documents[0]["components"]["responses"]
    for method, path, operation in operations:
        for status, response in operation["responses"].items():
            if status[0] in "45":
                name = response.get("$ref", "").rsplit("/", 1)[-1]
                content = (responses[name] if name else response)["content"]
                assert list(content) == ["application/problem+json"], (method, path, status)


def test_the_usual_problems_are_on_every_operation_that_can_have_them(operations: list[Operation]) -> None:
    for method, path, operation in operations:
        expected = {"429", "500", "503"}
        expected |= {"401", "403"} if operation.get("security") else set()
        expected |= {"404"} if "{" in path else set()
        expected |= {"400", "413", "422"} if "requestBody" in operation else set()
        expected |= {"409"} if method != "GET" else {"304"}
        assert expected <= set(operation["responses"]), (method, path)


def test_security_is_declared_exactly_where_a_token_is_asked_for(
    apis: dict[str, FastAPI], operations: list[Operation]
) -> None:
    declared = {(method, path): operation.get("security", []) for method, path, operation in operations}
    for route in routes(apis):
        access = next(call for call in dependency_calls(route.dependant) if isinstance(call, Access))
        assert not isinstance(access, Internal), f"{route.path_format} is not for the public document"
        for method in route.methods:
            schemes = declared[method, route.path_format]
            assert bool(schemes) is not isinstance(access, Public), route.path_format


def test_every_route_keeps_the_conventions_and_every_change_asks_for_if_match(apis: dict[str, FastAPI]) -> None:
    for route in routes(apis):
        assert isinstance(route.original_route, AcademyRoute), f"{route.path_format}: use AcademyRouter"
        if route.methods & {"PATCH", "PUT", "DELETE"} and route.name not in WITHOUT_IF_MATCH:
            calls = list(dependency_calls(route.dependant))
            assert read_if_match in calls, f"{route.path_format}: take `expected: IfMatch`"


def test_every_body_has_an_example_of_its_shape(apis: dict[str, FastAPI]) -> None:
    for app in apis.values():
        schemas = app.openapi()["components"]["schemas"]
        for route in routes({"": app}):
            if route.body_field is None:
                continue
            (method,) = route.methods
            body = app.openapi()["paths"][route.path_format][method.lower()]["requestBody"]
            (content,) = body["content"].values()
            assert content["example"] == example_of(content["schema"], schemas)
            assert wrong_shape(route.body_field.field_info.annotation, content["example"]) == [], route.path_format


def wrong_shape(kind: Any, example: Any) -> list[Any]:
    """What is wrong with the example, apart from rules about values, such as that a time lies in the future."""
    try:
        TypeAdapter(kind).validate_json(json.dumps(example))
    except ValidationError as refused:
        return [error for error in refused.errors() if error["type"] != "value_error"]
    return []


def properties(documents: list[dict[str, Any]]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(schema, property, its schema) of every component."""
    for document in documents:
        for schema, described in document["components"]["schemas"].items():
            for name, kind in described.get("properties", {}).items():
                yield schema, name, kind


def test_money_is_minor_units_and_a_currency_and_nothing_is_a_float(documents: list[dict[str, Any]]) -> None:
    for schema, name, kind in properties(documents):
        assert "number" not in json.dumps(kind), f"{schema}.{name}: say it in whole units"
        if name == "amount" or name.endswith("_amount"):
            types = {variant.get("type") for variant in kind.get("anyOf", [kind]) if "$ref" not in variant}
            assert types <= {"integer", "null"}, f"{schema}.{name}"
    for document in documents:
        schemas = document["components"]["schemas"]
        with_currency = [json.dumps(one) for one in schemas.values() if "currency" in one.get("properties", {})]
        for schema, described in schemas.items():
            # What is sent may have its currency in the path.
            sent = described.get("additionalProperties") is False
            if not sent and described.get("properties", {}).get("amount", {}).get("type") == "integer":
                # Beside it, or one level up: a statement's movements are all in the statement's currency.
                part = any(f'schemas/{schema}"' in whole for whole in with_currency)
                assert "currency" in described["properties"] or part, schema


def test_every_time_says_that_it_is_one(documents: list[dict[str, Any]]) -> None:
    for schema, name, kind in properties(documents):
        if name.endswith("_at"):
            assert '"date-time"' in json.dumps(kind), f"{schema}.{name}: RFC 3339, UTC"
