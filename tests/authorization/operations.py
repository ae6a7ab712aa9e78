"""Everything that the six apis answer: the operations of the OpenAPI document, and the routes hidden from it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts

from shared.auth import Access, Internal, Public, Require, dependency_calls

Operations = dict[str, "Operation"]


@dataclass(frozen=True)
class Operation:
    """`id` is the operationId, or "METHOD /path of service" for a hidden route. `example` is the document's body."""

    id: str
    service: str
    method: str
    path: str
    access: Access
    content_type: str
    example: Any

    @property
    def hidden(self) -> bool:
        """Not in the document, so not for the gateway either."""
        return " " in self.id

    @property
    def protected(self) -> bool:
        """Looks at the token, so a bad one is refused."""
        return not isinstance(self.access, Public | Internal)

    @property
    def permission(self) -> str | None:
        """What the caller's role must grant."""
        return self.access.permission if isinstance(self.access, Require) else None

    @property
    def changes_something(self) -> bool:
        """Not a read."""
        return self.method != "GET"


def operations_of(apps: Mapping[str, FastAPI]) -> Operations:
    """All operations by id."""
    return {operation.id: operation for service, app in apps.items() for operation in _operations(service, app)}


def _operations(service: str, app: FastAPI) -> Iterator[Operation]:
    document = app.openapi()
    for route in iter_route_contexts(app.routes):
        if not isinstance(route.original_route, APIRoute):
            continue
        access = next(call for call in dependency_calls(route.dependant) if isinstance(call, Access))
        path = str(route.path_format)
        for method in route.methods or ():
            described = document["paths"].get(path, {}).get(method.lower(), {}) if route.include_in_schema else {}
            body = described.get("requestBody", {}).get("content", {})
            kind = next(iter(body), "")
            example = body[kind].get("example") if kind else None
            id = str(route.name) if route.include_in_schema else f"{method} {path} of {service}"
            yield Operation(id, service, method, path, access, kind, example)
