"""An order's steps: as a list, and as a stream that a page waits on after the payment."""

import time
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import Header, Request
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from services.billing import reconciliation, timeline
from services.billing.dependencies import DatabaseDep, ProviderDep
from services.billing.order_streams import Step, StepWatch, Stream
from services.billing.orders import get_order
from services.billing.schemas import OrderStepRead
from shared.auth import Actor, read_actor, require
from shared.database import Database, SessionDep
from shared.errors import Problem
from shared.routing import AcademyRouter
from shared.threads import run_in_thread

router = AcademyRouter(prefix="/api/v1/payments/orders/{order_id}", tags=["payments"])
Buyer = Annotated[Actor, require("payments:make")]

# Seconds. The browser comes back with Last-Event-ID.
STREAM = 240.0
HEARTBEAT = 10.0
# How soon a stream notices that its listener is gone or signed out.
CHECK_EVERY = 1.0
# X-Accel-Buffering: nginx passes each event on at once.
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
STREAMED: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}},
    429: {"description": "Too many requests, or two streams of this account are open already (`too-many-streams`)"},
}


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
    it by fetch, since EventSource sends no Authorization header; after an interruption send the last id you saw. An
    account may have two such streams open at a time."""
    stream = Stream(order_id, last_event_id)
    for step in await run_in_thread(_steps_behind, database, order_id, actor.user_id, last_event_id):
        stream.add(step)

    def refresh() -> None:
        reconciliation.refresh_order(database, provider, order_id, actor.user_id)

    return _StepsResponse(request, actor.user_id, stream, refresh)


def _steps_behind(database: Database, order_id: UUID, user_id: UUID, after: int) -> Sequence[Step]:
    with database.begin() as session:
        get_order(session, order_id, user_id)
        return timeline.list_steps_behind(session, {order_id: after})


async def _is_signed_in(request: Request) -> bool:
    """Whether the token that opened the stream would still open anything: it may have expired or been ended since."""
    try:
        await read_actor(request)
    except Problem:
        return False
    return True


class _StepsResponse(StreamingResponse):
    """The answer while it is being sent. It has one of the account's places until then, however it ends."""

    def __init__(self, request: Request, account: UUID, stream: Stream, refresh: Callable[[], None]) -> None:
        self._request = request
        self._account = account
        self._stream = stream
        self._refresh = refresh
        super().__init__(self._events(), media_type="text/event-stream", headers=HEADERS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends it. Raises TooManyStreams before the first byte."""
        watch: StepWatch = self._request.app.state.step_watch
        with watch.place(self._account), watch.watching(self._stream):
            await super().__call__(scope, receive, send)

    async def _events(self) -> AsyncIterator[bytes]:
        """Events and heartbeats until the time is up, nobody listens or who listens is not signed in any more."""
        ends, said = time.monotonic() + STREAM, time.monotonic()
        yield b"retry: 1000\n\n"
        while time.monotonic() < ends and not await self._request.is_disconnected():
            step = await self._stream.next(CHECK_EVERY)
            if not await _is_signed_in(self._request):
                return
            if step:
                data = orjson.dumps(OrderStepRead.model_validate(step).model_dump(mode="json"))
                yield b"id: %d\nevent: %s\ndata: %s\n\n" % (step.id, step.step.encode(), data)
                said = time.monotonic()
            elif time.monotonic() - said > HEARTBEAT:
                yield b": waiting\n\n"
                said = time.monotonic()
                # A lost webhook must not keep a learner waiting: the provider is asked, as by the landing page.
                await run_in_thread(self._refresh)
