"""The links of the platform's OpenAPI document: complete, and none that leads nowhere."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from ops.openapi.documents import service_documents
from ops.openapi.merging import merge

Operation = dict[str, Any]


@pytest.fixture(scope="module")
def operations() -> dict[tuple[str, str], Operation]:
    document = merge(service_documents(), "1")
    return {
        (path, method): {**operation, "schemas": document["components"]["schemas"]}
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def links(operation: Operation) -> dict[str, Any]:
    """All of its answers'."""
    return {name: link for answer in operation["responses"].values() for name, link in answer.get("links", {}).items()}


def parameters(path: str) -> set[str]:
    return set(re.findall(r"{(\w+)}", path))


def answered(operation: Operation) -> Iterator[dict[str, Any]]:
    """The properties of each success."""
    for status, answer in operation["responses"].items():
        schema = answer.get("content", {}).get("application/json", {}).get("schema", {})
        if status.startswith("2"):
            yield operation["schemas"].get(schema.get("$ref", "").rpartition("/")[2], {}).get("properties", {})


def known(path: str, operation: Operation) -> set[str]:
    """What can be said of a request to an operation and of its answers."""
    shown = set.intersection(*(set(properties) for properties in answered(operation)))
    said = {f"$request.path.{name}" for name in parameters(path)} | {f"$response.body#/{name}" for name in shown}
    return said | {"$response.header.ETag"}


def test_every_link_fills_its_targets_path_with_what_its_source_knows(
    operations: dict[tuple[str, str], Operation],
) -> None:
    targets = {operation["operationId"]: (path, operation) for (path, _), operation in operations.items()}
    followed = 0
    for (path, _), source in operations.items():
        for link in links(source).values():
            there, target = targets[link["operationId"]]
            headers = {one["name"] for one in target.get("parameters", ()) if one["in"] == "header"}
            assert parameters(there) <= link["parameters"].keys() <= parameters(there) | headers
            assert set(link["parameters"].values()) <= known(path, source)
            followed += 1
    assert followed > 80


def test_who_makes_something_at_a_path_is_led_to_all_that_is_below_it(
    operations: dict[tuple[str, str], Operation],
) -> None:
    missing = []
    for (path, method), source in operations.items():
        if method != "post" or not any("id" in properties for properties in answered(source)):
            continue
        below = re.compile(rf"{re.escape(path)}/{{\w+}}(/\w+)*")
        for (there, _), target in operations.items():
            if below.fullmatch(there) and target["operationId"] not in links(source):
                missing.append(f"{source['operationId']} -> {target['operationId']}")
    assert missing == []


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("start_checkout", "get_order"),
        ("add_lesson", "delete_lesson"),
        ("add_lesson", "complete_lesson"),
        ("erase_me", "read_erasure"),
        ("apply_as_instructor", "approve_instructor"),
        ("create_api_key", "revoke_api_key"),
        ("read_me", "update_me"),
        ("set_price", "set_price"),
    ],
)
def test_what_was_made_is_found_elsewhere_too(
    operations: dict[tuple[str, str], Operation], source: str, target: str
) -> None:
    assert target in led_to(operations, source)


@pytest.mark.parametrize(("source", "target"), [("publish_course", "edit_course"), ("suspend_user", "update_user")])
def test_who_acts_on_what_was_there_is_led_to_its_next_change_alone(
    operations: dict[tuple[str, str], Operation], source: str, target: str
) -> None:
    assert led_to(operations, source) == {target}


def led_to(operations: dict[tuple[str, str], Operation], source: str) -> set[str]:
    [found] = [links(operation).keys() for operation in operations.values() if operation["operationId"] == source]
    return set(found)
