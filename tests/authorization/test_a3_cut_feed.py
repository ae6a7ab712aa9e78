"""A3: with the revocation feed cut for fifteen seconds nobody's powers over others or over money work, the rest does.

The time is shortened; FULL=1 waits the whole of it.
"""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from ops.faults.proxy import Mode, Proxy
from shared.permissions import SENSITIVE
from shared.revocations import STALE_SECONDS
from shared.testing import Harness, wait_until
from tests.authorization.asking import send
from tests.authorization.operations import Operations
from tests.authorization.recipes import Want
from tests.authorization.stage import Stage
from tests.authorization.test_a2_sign_outs import FULL, NEIGHBOURS, restarted
from tests.authorization.world import World
from tests.e2e.test_a5_powers_end import SIGNED_IN

STALE_AFTER = STALE_SECONDS if FULL else 2.0
HEALED_WITHIN = 5.0


class Wire:
    """Between the services and identity; can be cut."""

    def __init__(self, loop: asyncio.AbstractEventLoop, proxy: Proxy) -> None:
        self._loop = loop
        self._proxy = proxy
        self.url = f"http://127.0.0.1:{proxy.port}"

    def become(self, mode: Mode) -> None:
        """From now on."""
        self._loop.call_soon_threadsafe(self._proxy.become, mode)


@contextmanager
def wire_to(port: int) -> Iterator[Wire]:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    proxy = Proxy(port)
    asyncio.run_coroutine_threadsafe(proxy.__aenter__(), loop).result(5)
    try:
        yield Wire(loop, proxy)
    finally:
        asyncio.run_coroutine_threadsafe(proxy.__aexit__(None, None, None), loop).result(5)
        loop.call_soon_threadsafe(loop.stop)


@pytest.fixture(scope="module")
def wire(stage: Stage) -> Iterator[Wire]:
    with wire_to(int(stage.six["identity"].url.rpartition(":")[2])) as wire:
        yield wire


@pytest.fixture(scope="module")
def behind(stage: Stage, wire: Wire) -> Iterator[dict[str, Harness]]:
    """Five services that hear of identity by the wire alone."""
    with ExitStack() as stack:
        started = {name: stack.enter_context(restarted(stage, name, identity_url=wire.url)) for name in NEIGHBOURS}
        for harness in started.values():
            harness.app.state.revocations.stale_seconds = STALE_AFTER
        yield started


def test_powers_close_while_sign_outs_are_unknown_and_come_back(
    world: World, operations: Operations, wire: Wire, behind: dict[str, Harness]
) -> None:
    sensitive = [one for one in operations.values() if one.service in behind and one.permission in SENSITIVE]
    assert len(sensitive) > 25
    admin = world.token_of("admin")

    def answers() -> dict[str, int]:
        """With no ids that exist, so that nothing is done where the door is open."""
        return {
            one.id: send(world, one, Want(NOBODYS), admin, client=behind[one.service].client).status
            for one in sensitive
        }

    assert 503 not in answers().values()
    wire.become(Mode.RESET)
    try:
        feeds = [harness.app.state.revocations for harness in behind.values()]
        wait_until(lambda: not any(feed.is_fresh() for feed in feeds), STALE_AFTER + 10, "the feeds are stale")
        assert set(answers().values()) == {503}
        for service, harness in behind.items():
            mine = harness.client.get(SIGNED_IN[service], headers={"Authorization": f"Bearer {admin}"})
            assert mine.status_code == 200, f"{service}: what is one's own stays open"
    finally:
        wire.become(Mode.PASS)
    wait_until(lambda: 503 not in answers().values(), HEALED_WITHIN, "the doors are open again")


NOBODYS = dict.fromkeys(
    ("user_id", "course_id", "order_id", "certificate_id", "delivery_id", "coupon_id", "document_id", "instructor_id"),
    "0198c5e2-7d3a-7b40-9c55-2f6d1c0a9e41",
)
