"""An order's steps: as a list, and as a stream that a page waits on after the payment."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import Header, Request
from fastapi.responses import StreamingResponse

from services.billing import reconciliation, timeline
from services.billing.dependencies import DatabaseDep, ProviderDep
from services.billing.provider import Provider
from services.billing.schemas import OrderStepRead
from shared.auth import Actor, authenticate, require
from shared.database import Database, SessionDep
from shared.errors import Problem
from shared.routing import AcademyRouter
from shared.threads import run_in_thread

router = AcademyRouter(prefix="/api/v1/payments/orders/{order_id}", tags=["payments"])
Buyer = Annotated[Actor, require("payments:make")]

# Seconds. The browser comes back with Last-Event-ID.
STREAM = 240.0
HEARTBEAT = 10.0
LOOK_EVERY = 0.25
# X-Accel-Buffering: nginx passes each event on at once.
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
STREAMED: dict[int | str, dict[str, Any]] = {200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}}


@router.get("/steps", response_model=list[OrderStepRead])
def list_order_steps(actor: Buyer, session: SessionDep, order_id: UUID) -> Any:
    """What your order went through and when, from the click to the unlocked lesson."""
    return timeline.list_steps(session, order_id, actor.user_id)


@router.get("/events", response_class=StreamingResponse, responses=STREAMED)
async def stream_order_steps(
    actor: Buyer,
    request: Request,
    order_id: UUID,
    database: DatabaseDep,
    provider: ProviderDep,
    last_event_id: Annotated[int, Header(alias="Last-Event-ID", ge=0, le=2**62)] = 0,
) -> StreamingResponse:
    """The same steps as server-sent events, each as it happens: wait for `access_granted` after the payment page. Open
    it by fetch, since EventSource sends no Authorization header; after an interruption send the last id you saw."""
    await run_in_thread(_steps_behind, database, order_id, actor.user_id, last_event_id)
    watch = _Watch(database, provider, order_id, actor.user_id, last_event_id)
    return StreamingResponse(watch.events(request), media_type="text/event-stream", headers=HEADERS)


def _steps_behind(database: Database, order_id: UUID, user_id: UUID, after: int) -> list[dict[str, Any]]:
    with database.begin() as session:
        steps = timeline.list_steps(session, order_id, user_id, after)
        return [OrderStepRead.model_validate(step).model_dump(mode="json") for step in steps]


async def _is_signed_in(request: Request) -> bool:
    """Whether the token that opened the stream would still open anything: it may have expired or been ended since."""
    try:
        await authenticate(request)
    except Problem:
        return False
    return True


class _Watch:
    """One open stream. It looks into the table: a learner waits for seconds, so a few looks are all it costs."""

    def __init__(self, database: Database, provider: Provider, order_id: UUID, user_id: UUID, after: int) -> None:
        self._database = database
        self._provider = provider
        self._order_id = order_id
        self._user_id = user_id
        self._after = after

    async def events(self, request: Request) -> AsyncIterator[bytes]:
        """Events and heartbeats until the time is up, nobody listens or who listens is not signed in any more."""
        ends = time.monotonic() + STREAM
        said = 0.0
        yield b"retry: 1000\n\n"
        while time.monotonic() < ends and not await request.is_disconnected() and await _is_signed_in(request):
            for step in await run_in_thread(self._look):
                self._after = step["id"]
                yield b"id: %d\nevent: %s\ndata: %s\n\n" % (step["id"], step["step"].encode(), orjson.dumps(step))
                said = time.monotonic()
            if time.monotonic() - said > HEARTBEAT:
                yield b": waiting\n\n"
                said = time.monotonic()
                # A lost webhook must not keep a learner waiting: the provider is asked, as by the landing page.
                await run_in_thread(self._refresh)
            await asyncio.sleep(LOOK_EVERY)

    def _look(self) -> list[dict[str, Any]]:
        return _steps_behind(self._database, self._order_id, self._user_id, self._after)

    def _refresh(self) -> None:
        reconciliation.refresh_order(self._database, self._provider, self._order_id, self._user_id)
