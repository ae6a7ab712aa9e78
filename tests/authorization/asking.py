"""One call of one operation by one actor, through the gateway."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from tests.authorization.operations import Operation
from tests.authorization.policy import ROLES, operation_id
from tests.authorization.recipes import EXAMPLE, RECIPES, Want
from tests.authorization.world import World

# Of an answer that does not end by itself, such as server-sent events, the beginning is enough.
ENOUGH_BYTES = 64 * 1024


@dataclass(frozen=True)
class Asked:
    """A request that was sent, and its answer."""

    sent: str
    status: int
    headers: httpx.Headers
    text: str

    def names(self, words: set[str]) -> set[str]:
        """Which of the words the answer says without having been told by the request."""
        return {word for word in words if word in self.text and word not in self.sent}


def want(world: World, name: str) -> Want:
    """What the line of the policy is called with: its own recipe, or the operation's, or nothing in particular."""
    recipe = RECIPES.get(name) or RECIPES.get(operation_id(name))
    return recipe(world) if recipe else Want()


def ask(world: World, operation: Operation, wanted: Want, actor: str) -> Asked:
    """The answer to an actor. `names` of the recipe come before the world's."""
    role = ROLES[actor]
    token = world.newcomer(role).access_token if wanted.newcomer and role else world.token_of(actor)
    return send(world, operation, wanted, token)


def send(
    world: World,
    operation: Operation,
    wanted: Want,
    token: str | None,
    *,
    headers: Mapping[str, str] | None = None,
    client: httpx.Client | None = None,
) -> Asked:
    """The answer to whoever has the token; through the gateway unless another client is given."""
    names = {**world.ids, **wanted.names}
    # Whatever is there now: what a version protects from has its own tests.
    sent = {"If-Match": "*", **({"Authorization": f"Bearer {token}"} if token else {}), **(headers or {})}
    # What is hidden from the document is hidden by the gateway as well.
    stage = world.stage
    client = client or (stage.six[operation.service].client if operation.hidden else stage.client)
    path, body = operation.path.format(**names), content(operation, wanted, names)
    request = client.build_request(operation.method, path, headers=sent, params=wanted.query, **body)
    answer = client.send(request, stream=True)
    try:
        text = b"".join(_beginning(answer)).decode("utf-8", "replace")
    finally:
        answer.close()
    return Asked(f"{request.url} {body}", answer.status_code, answer.headers, text)


def content(operation: Operation, wanted: Want, names: dict[str, Any]) -> dict[str, Any]:
    """The body: the recipe's, or the document's example with the world's ids in it."""
    if wanted.upload:
        return dict(wanted.upload)
    if wanted.body is not EXAMPLE:
        return {"json": wanted.body}
    if not isinstance(operation.example, dict):
        return {}
    filled = {
        field: wanted.names.get(field, names.get(field, value) if field.endswith("_id") else value)
        for field, value in operation.example.items()
    }
    return {"json": filled}


def _beginning(answer: httpx.Response) -> Any:
    read = 0
    for chunk in answer.iter_bytes():
        read += len(chunk)
        yield chunk
        if read > ENOUGH_BYTES or answer.headers.get("content-type", "").startswith("text/event-stream"):
            return
