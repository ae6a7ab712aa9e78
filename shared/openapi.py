"""The OpenAPI document of a service, completed with what follows from how its routes are declared.

A route says what is particular to it; what all of them share (problems, ETag, Link, examples) is added here, so that
the document cannot forget what the kernel does. The gateway merges the six documents into one: what they have in common
is the same in each.
"""

from collections.abc import Iterable
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts

from shared.auth import Optional, Require, dependency_calls
from shared.errors import CONTENT_TYPE
from shared.examples import example_of
from shared.links import Place, link
from shared.preconditions import read_if_match

Document = dict[str, Any]
PROBLEM = "#/components/schemas/Problem"
# Status: the name of its component, and what it tells.
PROBLEMS = {
    400: ("BadRequest", "The body cannot be read"),
    401: ("NotAuthenticated", "No valid access token: refresh it once, then sign in"),
    403: ("Forbidden", "This account may not do this"),
    404: ("NotFound", "It does not exist, or is not yours to know of"),
    409: ("Conflict", "The present state does not allow it; `detail` says what does"),
    410: ("Gone", "It was there, and is no more"),
    412: ("PreconditionFailed", "It was changed in the meantime: read it again, change it again"),
    413: ("TooLarge", "The body is larger than this route takes"),
    415: ("UnsupportedType", "Not a type of body or file that this route takes, or not in UTF-8"),
    422: ("Invalid", "`errors` names the fields at fault"),
    428: ("PreconditionRequired", "If-Match is missing"),
    429: ("TooManyRequests", "Wait for `Retry-After` seconds"),
    500: ("Defect", "A defect of ours; name the request id when you ask for help"),
    503: ("Unavailable", "Nothing was changed; try again after `Retry-After` seconds"),
}
BEARER = "HTTPBearer"
SECURITY_SCHEMES = {
    BEARER: {
        "type": "http",
        "description": "An access token of POST /api/v1/auth/login",
        "scheme": "bearer",
        "bearerFormat": "JWT",
    }
}
HEADERS = {
    "ETag": "Send it back as If-Match with a change, as If-None-Match with the next read",
    "Link": 'The address of the next page (`rel="next"`), when there is one',
    "Retry-After": "Seconds to wait",
    "Idempotency-Replayed": "`true`: this is the answer that an earlier request with the same key got",
}


class Api(FastAPI):
    """A FastAPI application whose document is complete."""

    def openapi(self) -> Document:
        """The document, made once."""
        if not self.openapi_schema:
            document = super().openapi()
            _complete_components(document)
            places = []
            for route in iter_route_contexts(self.routes):
                if isinstance(route.original_route, APIRoute) and route.include_in_schema:
                    for method in route.methods or ():
                        operation = document["paths"][route.path_format][method.lower()]
                        _complete(operation, method, list(dependency_calls(route.dependant)), document)
                        # What is stored nowhere has no ETag either.
                        tagged = getattr(route.original_route, "stores_answers", True)
                        path = str(route.path_format)
                        places.append(Place(path, method, operation, route.response_model, tagged))
            link(places)
        return self.openapi_schema or {}


def _complete_components(document: Document) -> None:
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for replaced in ("HTTPValidationError", "ValidationError"):
        schemas.pop(replaced, None)
    schemas |= {"Problem": PROBLEM_SCHEMA, "FieldError": FIELD_ERROR_SCHEMA}
    components["headers"] = {
        name: {"description": text, "schema": {"type": "string"}} for name, text in HEADERS.items()
    }
    components["securitySchemes"] = SECURITY_SCHEMES
    components["responses"] = {name: _problem(status, text) for status, (name, text) in PROBLEMS.items()}


def _problem(status: int, description: str) -> Document:
    response: Document = {"description": description, "content": {CONTENT_TYPE: {"schema": {"$ref": PROBLEM}}}}
    if status in {429, 503}:
        response["headers"] = _headers("Retry-After")
    return response


def _headers(*names: str) -> Document:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _complete(operation: Document, method: str, calls: list[Any], document: Document) -> None:
    schemas = document["components"]["schemas"]
    for parameter in operation.get("parameters", ()):
        _complete_parameter(parameter)
    if any(isinstance(call, (Require, Optional)) for call in calls):
        operation["security"] = [{BEARER: []}]
    if any(isinstance(call, Optional) for call in calls):
        operation["security"].append({})
    for content in operation.get("requestBody", {}).get("content", {}).values():
        content.setdefault("example", example_of(content["schema"], schemas))
    responses = _declared_responses(operation, method, schemas)
    for status in _statuses(operation, method, calls):
        responses.setdefault(str(status), {"$ref": f"#/components/responses/{PROBLEMS[status][0]}"})
    if method == "GET":
        responses["304"] = {"description": "You have it already (If-None-Match)", "headers": _headers("ETag")}
    operation["responses"] = dict(sorted(responses.items()))


def _complete_parameter(parameter: Document) -> None:
    if parameter["name"] == "If-Match":
        # Optional in Python alone, so that its absence is answered 428 and after the refusals that come first.
        parameter |= {"required": True, "schema": {"type": "string"}, "example": '"3-9f86d081884c7d65"'}


def _declared_responses(operation: Document, method: str, schemas: Document) -> Document:
    """Those of the route's own declaration; a status without a content of its own is a problem."""
    # The framework's own answer to bad input, which is never given.
    responses = {status: response for status, response in operation["responses"].items() if status != "422"}
    for status, response in responses.items():
        if status.startswith("2"):
            _complete_success(response, method, schemas)
        elif "content" not in response:
            response |= _problem(int(status), response["description"])
    return responses


def _complete_success(response: Document, method: str, schemas: Document) -> None:
    content = response.get("content", {}).get("application/json", {})
    properties = _properties(content.get("schema", {}), schemas)
    names = ["ETag"] if method == "GET" or "version" in properties else []
    names += ["Link"] if "next_cursor" in properties else []
    if names:
        response["headers"] = {**_headers(*names), **response.get("headers", {})}
    if properties:
        content.setdefault("example", example_of(content["schema"], schemas))


def _properties(schema: Document, schemas: Document) -> Document:
    named = schemas.get(schema.get("$ref", "").rsplit("/", 1)[-1], schema)
    properties: Document = named.get("properties", {})
    return properties


def _statuses(operation: Document, method: str, calls: list[Any]) -> Iterable[int]:
    """What a route may answer besides its success, by how it is declared."""
    statuses = {429, 500, 503}
    if any(isinstance(call, (Require, Optional)) for call in calls):
        statuses |= {401, 403}
    if any(parameter["in"] == "path" for parameter in operation.get("parameters", ())):
        statuses.add(404)
    if method != "GET":
        statuses.add(409)
    if "requestBody" in operation:
        statuses |= {400, 413, 415}
    if "requestBody" in operation or "parameters" in operation:
        statuses.add(422)
    if read_if_match in calls:
        statuses |= {412, 428}
    return statuses


FIELD_ERROR_SCHEMA: Document = {
    "title": "FieldError",
    "type": "object",
    "required": ["field", "message", "code"],
    "properties": {
        "field": {"type": "string", "examples": ["price.currency"]},
        "message": {"type": "string", "examples": ["Input should be 'USD', 'EUR' or 'GBP'"]},
        "code": {"type": "string", "examples": ["literal_error"]},
    },
}
PROBLEM_SCHEMA: Document = {
    "title": "Problem",
    "description": "RFC 9457. Decide by `type`; `detail` says to a person what to do next; some have more members.",
    "type": "object",
    "required": ["type", "title", "status", "detail", "instance", "request_id"],
    "properties": {
        "type": {"type": "string", "format": "uri", "examples": ["urn:academy:problem:invalid-input"]},
        "title": {"type": "string", "examples": ["Some fields are not valid"]},
        "status": {"type": "integer", "minimum": 400, "maximum": 599, "examples": [422]},
        "detail": {"type": "string", "examples": ["Correct these fields and send again: price.currency."]},
        "instance": {"type": "string", "examples": ["/api/v1/courses"]},
        "request_id": {"type": "string", "examples": ["8f0c2d6e5b1a4f3c9d7e6a5b4c3d2e1f"]},
        "errors": {"type": "array", "items": {"$ref": "#/components/schemas/FieldError"}},
    },
    "additionalProperties": True,
}
