"""The policy file, read; and what to write into it."""

import tomllib
from pathlib import Path

from shared.auth import Internal
from shared.permissions import permissions_of
from tests.authorization.operations import Operation, Operations

FILE = Path(__file__).with_name("policy.toml")
# The columns of the policy, and what each of the seven signs in as.
ROLES: dict[str, str | None] = {
    "anonymous": None,
    "stranger": "student",
    "enrolled": "student",
    "rival": "instructor",
    "owner": "instructor",
    "support": "support",
    "admin": "admin",
}
ACTORS = tuple(ROLES)
# Who must learn nothing of the owner's that the policy does not give them.
OUTSIDERS = ("anonymous", "stranger", "enrolled", "rival")
# As the lines of the file are set.
COLUMNS = "{}    {}      {}      {}    {}    {}     {}"

# By service, then by operationId or operationId@variant: the status for each actor, in the order of ACTORS.
Policy = dict[str, dict[str, dict[str, int]]]


def read_policy() -> Policy:
    """The file's content. Raises AssertionError for a line that has not seven statuses."""
    policy: Policy = {}
    for service, lines in tomllib.loads(FILE.read_text()).items():
        policy[service] = {}
        for name, line in lines.items():
            statuses = [int(status) for status in line.split()]
            assert len(statuses) == len(ACTORS), f"{name}: write one status for each of {', '.join(ACTORS)}"
            policy[service][name] = dict(zip(ACTORS, statuses, strict=True))
    return policy


def operation_id(name: str) -> str:
    """`read_course@draft` is about read_course."""
    return name.partition("@")[0]


def find_breaches(policy: Policy, operations: Operations) -> list[str]:
    """What is wrong with the policy, each with what to do about it."""
    named = {operation_id(name) for lines in policy.values() for name in lines}
    missing = [
        f"{id} is not in {FILE.name}: add below [{operation.service}] and correct what ownership or state changes\n"
        f"    {line_for(operation)}"
        for id, operation in operations.items()
        if id not in named
    ]
    stale = [f"{id} is in {FILE.name}, but no service has it: remove it" for id in sorted(named - operations.keys())]
    return missing + stale + _contradictions(policy, operations)


def _contradictions(policy: Policy, operations: Operations) -> list[str]:
    """Lines that expect something else than the permission that the route declares."""
    found = []
    for service, lines in policy.items():
        for name, statuses in lines.items():
            operation = operations.get(operation_id(name))
            if operation is None:
                continue
            if operation.service != service:
                found.append(f"{name} belongs below [{operation.service}], not [{service}]")
            found += [
                f"{name}: {actor} must get {refusal}, as the route asks for {operation.access.description}"
                for actor, status in statuses.items()
                if (refusal := _refusal(operation, actor)) and status != refusal
            ]
    return found


def _refusal(operation: Operation, actor: str) -> int | None:
    """401 or 403 when the route's declared access already keeps the actor out."""
    role = ROLES[actor]
    if isinstance(operation.access, Internal):
        return 401
    if operation.permission is None:
        return None
    if role is None:
        return 401
    return None if operation.permission in permissions_of(frozenset({role})) else 403


def line_for(operation: Operation) -> str:
    """A line to begin with: everybody with the permission is let in."""
    quoted = f'"{operation.id}"' if operation.hidden else operation.id
    return f'{quoted:<39}= "{COLUMNS.format(*(_refusal(operation, actor) or 200 for actor in ACTORS))}"'
