"""The application factory: every service's api is made here, so all of them behave alike at the door."""

import re
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import structlog
from fastapi import APIRouter, FastAPI, Request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared import deadlines, errors
from shared.account_limit import AccountLimit
from shared.admission import WaitingRoom
from shared.auth import PUBLIC, check_every_route_declares_access
from shared.database import Database
from shared.event_routes import event_router
from shared.head_requests import HeadAsGet
from shared.heap import settle_heap
from shared.openapi import Api
from shared.revocations import RevocationFeed
from shared.route_index import RouteIndex
from shared.schema_version import schema_is_current
from shared.settings import Settings
from shared.slots import SlotQueues
from shared.storage import Storage
from shared.telemetry import configure_logging, traceparent
from shared.threads import limit_threads, run_in_thread
from shared.token_keys import KeySet
from shared.tokens import TokenVerifier

CONTROL_CHARACTER = re.compile(r"[\x00-\x1f\x7f]")

health = APIRouter(include_in_schema=False, dependencies=[PUBLIC])


def create_app(service: str, title: str, settings: Settings, routers: Sequence[APIRouter]) -> FastAPI:
    """The api of one service. Raises RuntimeError when a route declares no access."""
    configure_logging(service, settings.log_level)
    app = Api(
        title=title,
        version="1",
        lifespan=_lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        # The framework would answer a slash too many by a redirect to an address made of the Host header.
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
        # Asked for nothing, it still looks for it at each request, which takes as long as finding the route.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state.service = service
    app.state.settings = settings
    app.state.database = Database(settings.database_url(service), service, settings.database_pool_size)
    app.state.storage = Storage(settings.storage_url)
    app.state.slots = SlotQueues()
    keys = KeySet(f"{settings.identity_url}/.well-known/jwks.json")
    app.state.tokens = TokenVerifier(keys)
    app.state.account_limit = AccountLimit(settings.account_rate, settings.account_burst)
    feed_url = f"{settings.identity_url}/internal/revocations"
    app.state.revocations = RevocationFeed(feed_url, settings.internal_token.get_secret_value(), keys)
    # Side by side, not as routers inside a router: each request would be matched against them twice.
    routes = [route for router in (health, event_router(service), *routers) for route in router.routes]
    app.router.routes += [RouteIndex(routes), *routes]
    errors.install(app)
    app.add_middleware(WaitingRoom, settings.database_pool_size)
    app.add_middleware(HeadAsGet)
    app.add_middleware(RequestContext)
    check_every_route_declares_access(app)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    deadlines.install()
    limit_threads(app.state.settings.database_pool_size)
    settle_heap()
    await run_in_thread(app.state.revocations.start)
    yield
    app.state.revocations.stop()
    app.state.database.close()


class RequestContext:
    """Gives each request an id, in logs, problems and the answer. The gateway makes it; alone, we do. Forbids caches to
    store an answer to a request with credentials, unless the route says otherwise (RFC 9111 section 5.2.2.5)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        request_id = headers.get("x-request-id", "")[:64] or uuid.uuid4().hex
        scope["request_id"] = request_id
        traceparent.set(headers.get("traceparent", "")[:55] or None)
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)

        signed_in = "authorization" in headers
        started = False

        async def send_with_id(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                answered = MutableHeaders(scope=message)
                answered["X-Request-ID"] = request_id
                if signed_in:
                    answered.setdefault("Cache-Control", "no-store")
            await send(message)

        try:
            if CONTROL_CHARACTER.search(scope["path"]):
                # A route's pattern ends with $, which matches before a last newline as well.
                await errors.problem_response(Request(scope), errors.NotFound())(scope, receive, send_with_id)
                return
            await self._app(scope, receive, send_with_id)
        except Exception as error:
            # Answered here and not by the framework's own handler, which raises again after its answer: uvicorn then
            # closes the connection under the next request that the gateway sends on it.
            if started:
                raise
            await errors.unexpected_response(Request(scope), error)(scope, receive, send_with_id)


@health.get("/livez")
async def livez() -> Response:
    """The process answers. No dependency is looked at: a slow database must not get a healthy process killed."""
    return JSONResponse({"status": "ok"})


@health.get("/readyz")
async def readyz(request: Request) -> Response:
    """Own database at head, signing keys and revocations loaded. Not the broker: the outbox absorbs its absence."""
    state = request.app.state
    checks = {
        "database": await run_in_thread(schema_is_current, state.database),
        "signing_keys": await run_in_thread(state.tokens.is_loaded),
        "revocations": state.revocations.is_loaded(),
    }
    good = all(checks.values())
    return JSONResponse({"status": "ok" if good else "unavailable", "checks": checks}, 200 if good else 503)


@health.get("/metrics")
async def metrics() -> Response:
    """Prometheus text format."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
