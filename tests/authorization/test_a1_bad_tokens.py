"""A1: every bad token x every operation that looks at one is 401 and a problem, never 5xx.

Each operation gets every sixth token, the next operation others. FULL=1 offers all tokens to all operations and, on a
machine with nothing else to do, holds the answers to their 50 ms as well.
"""

import http.client
import os
import statistics
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from itertools import islice
from urllib.parse import urlsplit

import pytest

from shared import topology
from shared.testing.bad_tokens import BAD_TOKENS
from tests.authorization.operations import Operation, Operations
from tests.authorization.stage import Stage
from tests.authorization.world import World

PROMISED_KINDS, PROMISED_SECONDS = 60, 0.05
FULL = bool(os.environ.get("FULL"))
STEP = 1 if FULL else 6


@pytest.mark.parametrize("service", topology.SERVICES)
def test_a_bad_token_opens_no_operation(world: World, operations: Operations, service: str) -> None:
    wanted = [one for one in operations.values() if one.service == service and one.protected]
    tokens = {kind: make(world.stage.forge).encode("latin-1") for kind, make in BAD_TOKENS.items()}
    harness = world.stage.six[service]
    seconds: list[float] = []
    deviations = list(_offer(harness.url, wanted, tokens, world.ids, seconds))
    assert len(tokens) >= PROMISED_KINDS
    assert not deviations, f"{len(deviations)} deviations\n" + "\n".join(deviations)
    if FULL:
        assert statistics.quantiles(seconds, n=100)[98] < PROMISED_SECONDS
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


def _offer(
    url: str, wanted: list[Operation], tokens: Mapping[str, bytes], ids: Mapping[str, str], seconds: list[float]
) -> Iterator[str]:
    """What was answered otherwise than it should; `seconds` gets how long each answer took."""
    # Thousands of requests: by the plainest of clients, on one connection.
    with closing(http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)) as connection:
        for number, operation in enumerate(wanted):
            for kind, token in islice(tokens.items(), number % STEP, None, STEP):
                began = time.monotonic()
                connection.request(
                    operation.method, _path(operation, ids), headers={"Authorization": b"Bearer " + token}
                )
                answer = connection.getresponse()
                body = answer.read()
                seconds.append(time.monotonic() - began)
                if (answer.status, answer.getheader("content-type")) != (401, "application/problem+json"):
                    yield f"{operation.id} with {kind}: {answer.status} {body[:200]!r}"


def _path(operation: Operation, ids: Mapping[str, str]) -> str:
    return operation.path.format(**ids)
