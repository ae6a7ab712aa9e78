"""Z1: every operation x seven actors, through the gateway, against the policy; and what the answers give away."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from shared import topology
from tests.authorization.asking import Asked, ask, want
from tests.authorization.operations import Operations
from tests.authorization.policy import ACTORS, OUTSIDERS, Policy, operation_id
from tests.authorization.world import World

# What no learner's and no instructor's answer has a member for: keys of tests, and what is only ours or the staff's.
INTERNAL = {
    *("answer_key", "correct", "correct_answer", "is_correct", "solution", "points_key"),
    *("password_hash", "token_hash", "code_hash", "storage_key", "client_key", "room", "ip", "user_agent"),
    *("payment_intent", "payment_intent_id", "session_url", "stray_session", "surplus", "failure", "instructor_share"),
}


@pytest.mark.parametrize("service", topology.SERVICES)
def test_every_operation_answers_each_actor_as_the_policy_says(
    world: World, operations: Operations, policy: Policy, service: str
) -> None:
    deviations = []
    for name, expected in policy[service].items():
        # The most powerful first: what was kept for them must not reach the others.
        for actor in reversed(ACTORS):
            asked = ask(world, operations[operation_id(name)], want(world, name), actor)
            deviations += [f"{name} as {actor}: {what}" for what in _wrong(world, asked, actor, expected[actor])]
    assert not deviations, f"{len(deviations)} deviations\n" + "\n".join(deviations)


def _wrong(world: World, asked: Asked, actor: str, expected: int) -> Iterator[str]:
    if asked.status != expected:
        yield f"{asked.status} instead of {expected} {asked.text[:300]}"
    kind = asked.headers.get("content-type", "")
    if asked.status >= 400 and kind != "application/problem+json":
        yield f"{asked.status} is {kind}, not a problem"
    if asked.status == 401 and not asked.headers.get("www-authenticate", "").startswith("Bearer"):
        yield "401 without a challenge"
    if actor in OUTSIDERS and (leaked := asked.names(_secret_to(world, actor, asked.status))):
        yield f"says {leaked}"
    if actor not in ("support", "admin") and "json" in kind and (internal := INTERNAL & set(_members(asked.text))):
        yield f"has {internal}"


def _secret_to(world: World, actor: str, status: int) -> set[str]:
    learns = actor == "enrolled" and status < 400
    return world.private if learns else world.private | world.taught


def _members(text: str) -> Iterator[str]:
    """The names of all members at any depth."""
    waiting: list[Any] = [json.loads(text)] if text else []
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            yield from value
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
