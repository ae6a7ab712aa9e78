"""A1: every bad token x every operation that looks at one is 401 and a problem, never 5xx."""

import asyncio
from collections.abc import Mapping

import httpx
import pytest

from shared import topology
from shared.testing.bad_tokens import BAD_TOKENS
from tests.authorization.operations import Operation, Operations
from tests.authorization.stage import Stage
from tests.authorization.world import World

# Fewer than a service lets in at once: nobody shall be refused for the crowd.
AT_ONCE = 6


@pytest.mark.parametrize("service", topology.SERVICES)
def test_a_bad_token_opens_no_operation(world: World, operations: Operations, service: str) -> None:
    wanted = [one for one in operations.values() if one.service == service and one.protected]
    tokens = {kind: make(world.stage.forge).encode("latin-1") for kind, make in BAD_TOKENS.items()}
    harness = world.stage.six[service]
    deviations = asyncio.run(_offer(harness.url, wanted, tokens, world.ids))
    assert not deviations, f"{len(deviations)} deviations\n" + "\n".join(deviations)
    # Nothing but the tokens was wrong.
    good = {"Authorization": f"Bearer {world.token_of('admin')}"}
    reads = [_path(one, world.ids) for one in wanted if one.method == "GET" and one.id != "stream_order_steps"]
    assert 401 not in {harness.client.get(path, headers=good).status_code for path in reads}


def test_through_the_gateway_a_bad_token_is_refused_as_well(stage: Stage) -> None:
    for kind, make in BAD_TOKENS.items():
        token = b"Bearer " + make(stage.forge).encode("latin-1")
        answer = stage.client.get("/api/v1/users/me", headers={b"Authorization": token})
        # nginx itself refuses a header that is too large.
        assert answer.status_code == (431 if len(token) > 8000 else 401), kind
        assert answer.headers["content-type"] == "application/problem+json", kind


async def _offer(url: str, wanted: list[Operation], tokens: Mapping[str, bytes], ids: Mapping[str, str]) -> list[str]:
    places = asyncio.Semaphore(AT_ONCE)
    async with httpx.AsyncClient(base_url=url, timeout=30) as client:

        async def offer(operation: Operation, kind: str) -> str | None:
            async with places:
                header = {b"Authorization": b"Bearer " + tokens[kind]}
                answer = await client.request(operation.method, _path(operation, ids), headers=header)
            refused = (answer.status_code, answer.headers.get("content-type")) == (401, "application/problem+json")
            return None if refused else f"{operation.id} with {kind}: {answer.status_code} {answer.text[:200]}"

        answers = await asyncio.gather(*(offer(operation, kind) for operation in wanted for kind in tokens))
    return [deviation for deviation in answers if deviation]


def _path(operation: Operation, ids: Mapping[str, str]) -> str:
    return operation.path.format(**ids)
