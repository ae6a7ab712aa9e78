"""What every route of every service does without saying so: AcademyRouter instead of fastapi.APIRouter.

ETag on what is read and changed, 304 for If-None-Match, the Link to the next page, Idempotency-Key, Deprecation, slots
for scarce work, and a body that is read only from whom may call, and only up to the route's limit (shared/bodies.py).
FastAPI runs a route's handler inside the stack of function-scoped dependencies, so the finished answer is seen here
before the request's transaction is committed (shared/database.py). Hot routes go past it (shared/hot_routes.py).
"""

import functools
import hashlib
import inspect
from collections.abc import Callable, Coroutine, Mapping
from contextvars import ContextVar
from typing import Any

from fastapi import APIRouter, Request
from fastapi.routing import APIRoute
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from shared import idempotency
from shared.auth import READING, Access, Actor, dependency_calls
from shared.bodies import LIMIT, BoundedRequest, within_limit
from shared.deprecation import deprecation_headers
from shared.forms import is_form
from shared.hot_routes import HotAnswer, plan_of
from shared.idempotency import Claim
from shared.lean_session import LeanSession
from shared.pagination import next_page_link
from shared.slots import HELD, NONE, needed_slots
from shared.threads import run_in_thread

# What a 304 repeats of the answer it stands for (RFC 9110 section 15.4.5).
KEPT_IN_304 = ("etag", "cache-control", "content-location", "expires", "vary")
_request: ContextVar[Request] = ContextVar("request")


class AcademyRoute(APIRoute):
    """A route that keeps the conventions."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        if "POST" in (options.get("methods") or ()) and self.stores_answers and idempotency.takes_keys(endpoint):
            options["dependencies"] = [*(options.get("dependencies") or ()), idempotency.CLAIM]
        self._deprecation = deprecation_headers(endpoint)
        if self._deprecation:
            options["deprecated"] = True
        # The framework's own limit answers in plain text, and whoever calls.
        limit = options.pop("max_body_size", None)
        super().__init__(path, _observed(endpoint), **options)
        self.body_limit: int = LIMIT if limit is None else limit
        self._access = next((call for call in dependency_calls(self.dependant) if isinstance(call, Access)), None)
        self._asked = inspect.unwrap(self.endpoint)
        self._plan = plan_of(self._asked, self.dependant)
        if self._plan and needed_slots(self._asked):
            raise TypeError(f"{self._asked.__name__} cannot be a hot route: it needs slots")
        self._versioned = "version" in getattr(self.response_model, "model_fields", {})

    stores_answers = True

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A hot request is answered here, before the framework's own way begins."""
        if self._plan and scope["method"] in (self.methods or ()):
            request = Request(scope, receive, send)
            if made := await self._plan.answer(self._asked, request):
                answer, response = made
                _note(request, answer)
                await self._conclude(request, response)(scope, receive, send)
                return
        await super().handle(scope, receive, send)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's handler, with ours around it."""
        handle = super().get_route_handler()

        async def handle_by_convention(request: Request) -> Response:
            if request.method not in READING:
                request = await self._receive(request)
            _request.set(request)
            HELD.set(NONE)
            response = await handle(request)
            concluded = self._conclude(request, response)
            claim: Claim | None = getattr(request.state, "claim", None)
            if claim:
                await run_in_thread(claim.store, response)
            return concluded

        return handle_by_convention

    async def _receive(self, request: Request) -> Request:
        """The request with its body, if the route takes one; nothing of it is read from who may not call."""
        if self._access:
            await self._access(request)
        bounded = BoundedRequest(request.scope, within_limit(request.scope, request.receive, self.body_limit))
        if self.body_field:
            await bounded.load("form" if is_form(self.body_field.field_info) else "json")
        return bounded

    def _conclude(self, request: Request, response: Response) -> Response:
        """The response with all that is said of it in headers, or a 304 instead."""
        if not self.stores_answers:
            response.headers["Cache-Control"] = "no-store"
        for name, value in self._deprecation.items():
            response.headers.append(name, value)
        if next_cursor := getattr(request.state, "next_cursor", None):
            response.headers.append("Link", next_page_link(request, next_cursor))
        _tag(request, response, self._versioned)
        return _not_modified(request, response) or response


class SecretRoute(AcademyRoute):
    """A route whose answers hold secrets (tokens, recovery codes): they are shown once and stored nowhere (RFC 6749
    section 5.1), so they have no ETag either."""

    stores_answers = False


class AcademyRouter(APIRouter):
    """An APIRouter of such routes. `secret`: its answers hold secrets, so it takes no Idempotency-Key."""

    def __init__(self, *, secret: bool = False, **options: Any) -> None:
        super().__init__(
            route_class=SecretRoute if secret else AcademyRoute,
            generate_unique_id_function=lambda route: route.name,
            **options,
        )


def _observed(endpoint: Callable[..., Any]) -> Callable[..., Any]:
    """The endpoint, in a thread unless it is a coroutine; the conventions are told of its result."""
    if inspect.iscoroutinefunction(endpoint):
        return endpoint

    needed = needed_slots(endpoint)

    @functools.wraps(endpoint)
    async def observed(**arguments: Any) -> Any:
        request = _request.get()
        if not needed:
            return await run_in_thread(_answer, endpoint, arguments, request)
        async with request.app.state.slots.taken(request, needed, arguments):
            return await run_in_thread(_answer, endpoint, arguments, request)

    return observed


def _answer(endpoint: Callable[..., Any], arguments: dict[str, Any], request: Request) -> Any:
    """What the endpoint returns, unless the request is a repeated one; notes what the conventions must know of it."""
    claim: Claim | None = getattr(request.state, "claim", None)
    if claim and (answer := claim.find_answer(*_session_and_actor(arguments))):
        return answer
    result = endpoint(**arguments)
    _note(request, result)
    return result.encode() if isinstance(result, HotAnswer) else result


def _note(request: Request, result: Any) -> None:
    request.state.version = _member(result, "version")
    request.state.next_cursor = _member(result, "next_cursor")


def _session_and_actor(arguments: Mapping[str, Any]) -> tuple[Any, Actor]:
    session = next(value for value in arguments.values() if isinstance(value, LeanSession))
    return session, next(value for value in arguments.values() if isinstance(value, Actor))


def _member(result: Any, name: str) -> Any:
    return result.get(name) if isinstance(result, Mapping) else getattr(result, name, None)


def _tag(request: Request, response: Response, versioned: bool) -> None:
    """Gives the answer its ETag: a digest of its bytes, behind the version when the resource has one.

    The version is what If-Match compares. The digest makes 304 exact where the answer shows more than the version
    counts, and after a release that shows the same version differently.
    """
    if (
        response.status_code >= 300
        or "etag" in response.headers
        or "no-store" in response.headers.get("cache-control", "")
    ):
        return
    body = getattr(response, "body", b"")
    version = getattr(request.state, "version", None) if versioned else None
    if not body or (version is None and request.method != "GET"):
        return
    digest = hashlib.blake2b(body, digest_size=8).hexdigest()
    response.headers["ETag"] = f'"{digest}"' if version is None else f'"{version}-{digest}"'


def _not_modified(request: Request, response: Response) -> Response | None:
    """304 when the caller has these bytes already. Compared weakly, as RFC 9110 section 13.1.2 asks."""
    wanted = request.headers.get("if-none-match")
    etag = response.headers.get("etag")
    if request.method != "GET" or wanted is None or etag is None or response.status_code != 200:
        return None
    if wanted.strip() != "*" and etag not in [tag.strip().removeprefix("W/") for tag in wanted.split(",")]:
        return None
    kept = {name: value for name, value in response.headers.items() if name in KEPT_IN_304}
    return Response(status_code=304, headers=kept)
