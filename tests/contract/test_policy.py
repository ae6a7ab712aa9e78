"""An operation without a policy fails the build, and says what to write."""

from dataclasses import replace

import pytest
from fastapi import FastAPI

from tests.authorization.operations import Operations, operations_of
from tests.authorization.policy import ACTORS, Policy, find_breaches, read_policy


@pytest.fixture(scope="module")
def operations(apis: dict[str, FastAPI]) -> Operations:
    return operations_of(apis)


@pytest.fixture(scope="module")
def policy() -> Policy:
    return read_policy()


def test_every_operation_has_a_line_and_every_line_an_operation(policy: Policy, operations: Operations) -> None:
    breaches = find_breaches(policy, operations)
    assert not breaches, "\n" + "\n".join(breaches)


def test_a_new_operation_is_named_with_the_line_to_add(policy: Policy, operations: Operations) -> None:
    added = replace(operations["list_orders"], id="list_gifts")
    [breach] = find_breaches(policy, {**operations, "list_gifts": added})
    assert breach.startswith("list_gifts is not in policy.toml: add below [billing]")
    assert breach.endswith('= "401    200      200      200    200    200     200"')


def test_a_line_of_an_operation_that_is_gone_is_named(policy: Policy, operations: Operations) -> None:
    left = {id: operation for id, operation in operations.items() if id != "read_course"}
    assert find_breaches(policy, left) == ["read_course is in policy.toml, but no service has it: remove it"]


def test_a_line_cannot_contradict_what_the_route_declares(operations: Operations) -> None:
    policy: Policy = {"billing": {"list_payments": dict.fromkeys(ACTORS, 200)}}
    found = find_breaches(policy, {"list_payments": operations["list_payments"]})
    assert found == [
        "list_payments: anonymous must get 401, as the route asks for payments:read",
        *(f"list_payments: {actor} must get 403, as the route asks for payments:read" for actor in ACTORS[1:5]),
    ]
