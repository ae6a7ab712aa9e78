"""Puts the simulator together."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from ops.stripe_simulator import api, control, pages
from ops.stripe_simulator.account import Account
from ops.stripe_simulator.calls import common_headers
from ops.stripe_simulator.controls import Controls
from ops.stripe_simulator.delivery import Dispatcher
from ops.stripe_simulator.errors import StripeProblem
from ops.stripe_simulator.idempotency import IdempotencyKeys
from ops.stripe_simulator.sessions import expire_due
from ops.stripe_simulator.settings import Settings
from ops.stripe_simulator.store import Store

_CLOCK_SECONDS = 1.0


class Simulator(FastAPI):
    """FastAPI, with the transport within reach: a fault that drops the connection has no ASGI message."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one connection's request."""
        # uvicorn passes a bound method of its request cycle, which knows its transport.
        scope["transport"] = getattr(getattr(send, "__self__", None), "transport", None)
        await super().__call__(scope, receive, send)


def create_app(settings: Settings) -> Simulator:
    """Returns an app whose memory is opened when it starts and closed when it stops."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        account = Account(settings, Store(settings.simulator_state), Controls())
        dispatcher = Dispatcher(account)
        account.store.on_commit = dispatcher.wake
        app.state.account, app.state.dispatcher = account, dispatcher
        app.state.keys = IdempotencyKeys(account.store)
        tasks = [asyncio.create_task(dispatcher.run()), asyncio.create_task(_expire_in_time(account))]
        yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await dispatcher.close()
        account.store.close()

    app = Simulator(title="Stripe simulator", lifespan=lifespan, openapi_url=None)
    app.add_exception_handler(StripeProblem, _answer_problem)
    app.add_api_route("/livez", _livez)
    for part in (api, control, pages):
        app.include_router(part.router)
    return app


async def _livez() -> dict[str, str]:
    return {"status": "ok"}


async def _answer_problem(request: Request, problem: Exception) -> Response:
    if not isinstance(problem, StripeProblem):
        raise problem
    return JSONResponse(problem.body(), problem.status, common_headers(request))


async def _expire_in_time(account: Account) -> None:
    while True:
        await asyncio.sleep(_CLOCK_SECONDS)
        expire_due(account)
