"""Problems as RFC 9457 problem+json: raise a named fact anywhere, it is translated once, here.

Every answer carries a stable `type` (urn:academy:problem:<slug>), a title, a detail that says what to do next, the
request id, and for bad input the fields at fault as `errors: [{field, message, code}]`.
"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, ClassVar

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute, iter_route_contexts
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.responses import Response

from shared.database import is_outage
from shared.telemetry import get_logger

log = get_logger(__name__)

PROBLEM_TYPE = "urn:academy:problem:"
CONTENT_TYPE = "application/problem+json"

# What is told of the fields at fault, in all and of each (characters). A character is up to six bytes of JSON.
MOST_ERRORS, MOST_ERROR_BYTES = 50, 4_000
LONGEST_NAME, LONGEST_MESSAGE = 100, 500
MOST_NAMED = 5


class Problem(Exception):
    """Base of all facts that end a request. A subclass names the fact and fixes status, slug and title.

    `detail` is one or two sentences for a person: what is the case, and what to do next.
    """

    status: ClassVar[int] = 500
    slug: ClassVar[str] = "internal-error"
    title: ClassVar[str] = "Something went wrong on our side"
    detail: str = "Try again in a moment. If it stays, tell support the request id."

    def __init__(
        self,
        detail: str | None = None,
        *,
        errors: Sequence[Mapping[str, str]] = (),
        headers: Mapping[str, str] | None = None,
        **members: Any,
    ) -> None:
        self.detail = detail or type(self).detail
        self.errors: list[Mapping[str, str]] = list(errors)
        self.headers = dict(headers or {})
        self.members = members
        super().__init__(self.detail)


class NotFound(Problem):
    status, slug, title = 404, "not-found", "There is nothing here"
    detail = "Check the address and the id."


class Forbidden(Problem):
    status, slug, title = 403, "forbidden", "Your account may not do this"
    detail = "Ask an administrator for the right, or sign in with another account."


class Conflict(Problem):
    status, slug, title = 409, "conflict", "This conflicts with the current state"
    detail = "Read the resource again and decide anew."


class Unauthorized(Problem):
    status, slug, title = 401, "not-authenticated", "Sign in first"
    detail = "Send a valid access token: Authorization: Bearer <token>. Get one from POST /api/v1/auth/login."

    def __init__(self, detail: str | None = None) -> None:
        # RFC 6750 section 3: the challenge tells a client that a fresh token helps.
        super().__init__(detail, headers={"WWW-Authenticate": 'Bearer realm="academy", error="invalid_token"'})


class Invalid(Problem):
    """422 for one field: `raise Invalid("price.currency", "is not a currency we sell in")`."""

    status, slug, title = 422, "invalid-input", "Some fields are not valid"

    def __init__(self, field: str, message: str, code: str = "invalid") -> None:
        errors = [{"field": field, "message": message, "code": code}]
        super().__init__(f"Correct this field and send again: {field} {message}.", errors=errors)


class Unavailable(Problem):
    status, slug, title = 503, "unavailable", "A part we depend on does not answer"
    detail = "Nothing was changed. Try again in a few seconds."

    def __init__(self, detail: str | None = None, retry_after: int = 2) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after)})


def problem_response(request: Request, problem: Problem) -> Response:
    """The one place where a problem becomes an answer."""
    body: dict[str, Any] = {
        "type": PROBLEM_TYPE + problem.slug,
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "instance": request.url.path,
        "request_id": request.scope.get("request_id", ""),
        **problem.members,
    }
    if problem.errors:
        body["errors"] = problem.errors
    return Response(orjson.dumps(body, option=orjson.OPT_UTC_Z), problem.status, problem.headers, CONTENT_TYPE)


def install(app: FastAPI) -> None:
    """Registers the translations: ours, the framework's, the database's. Everything else: `unexpected_response`."""

    @app.exception_handler(Problem)
    async def _problem(request: Request, error: Problem) -> Response:
        return problem_response(request, error)

    @app.exception_handler(RequestValidationError)
    async def _validation(request: Request, error: RequestValidationError) -> Response:
        return problem_response(request, _from_validation(error))

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> Response:
        problem = _from_http(error)
        if problem.status == HTTPStatus.METHOD_NOT_ALLOWED:
            # The framework names the methods of one route; the path may have several (RFC 9110 section 15.5.6).
            problem.headers["Allow"] = ", ".join(sorted(_methods_of(request)))
        return problem_response(request, problem)

    @app.exception_handler(PoolTimeout)
    @app.exception_handler(DBAPIError)
    async def _database(request: Request, error: Exception) -> Response:
        return problem_response(request, _from_database(error))


def unexpected_response(request: Request, error: Exception) -> Response:
    """The answer to a defect of ours: the cause goes to the log, not to the caller."""
    log.error("unhandled error", path=request.url.path, exc_info=error)
    return problem_response(request, Problem())


def _methods_of(request: Request) -> set[str]:
    path = request.url.path
    routes = [route for route in iter_route_contexts(request.app.routes) if isinstance(route.original_route, APIRoute)]
    methods = {method for route in routes if route.path_regex.match(path) for method in route.methods or ()}
    return methods | {"HEAD"} if "GET" in methods else methods


def _from_validation(error: RequestValidationError) -> Problem:
    """What is told of the fields stays short, however much was sent: a refusal must cost less than the request."""
    found = error.errors()
    errors: list[Mapping[str, str]] = []
    size = 0
    for e in found[:MOST_ERRORS]:
        # loc starts with where the value came from (body, query, path, header); the field is what follows.
        field = ".".join(str(part)[:LONGEST_NAME] for part in e["loc"][1:5]) or str(e["loc"][0])
        told = {"field": field[:LONGEST_NAME], "message": e["msg"][:LONGEST_MESSAGE], "code": e["type"]}
        size += len(orjson.dumps(told))
        if size > MOST_ERROR_BYTES:
            break
        errors.append(told)
    fields = sorted({e["field"] for e in errors})
    more = " and others" if len(fields) > MOST_NAMED or len(errors) < len(found) else ""
    problem = Invalid("", "")
    problem.detail = f"Correct these fields and send again: {', '.join(fields[:MOST_NAMED])}{more}."
    problem.errors = errors
    return problem


def _from_http(error: HTTPException) -> Problem:
    if error.status_code == HTTPStatus.NOT_FOUND:
        return NotFound()
    phrase = HTTPStatus(error.status_code).phrase
    problem = Problem(str(error.detail), headers=error.headers)
    # Instance attributes shadow the class's: the framework raises statuses that need no class of ours.
    problem.__dict__.update(status=error.status_code, slug=phrase.lower().replace(" ", "-"), title=phrase)
    return problem


def _from_database(error: Exception) -> Problem:
    """A database that does not answer is a 503; a statement it refuses is a defect of ours."""
    # OperationalError is also a statement that took too long or lost a lock: another try may well succeed.
    if isinstance(error, OperationalError) or is_outage(error):
        log.error("database unavailable", error=str(error))
        return Unavailable("The database does not answer. Nothing was changed; try again in a few seconds.")
    log.error("database error", exc_info=error)
    return Problem()
