"""Merges the services' documents into the platform's, and adds what the gateway itself does to every operation."""

from collections.abc import Mapping
from typing import Any

Document = dict[str, Any]
DESCRIPTION = """\
The one address of the platform. Conventions (sign-in, errors, lists, money, idempotency, ETags) are in docs/api.md.

Every error is `application/problem+json` (RFC 9457), also those that the gateway makes itself: beside the ones listed
at each operation these are 400 for what is not HTTP, 404 for an address that does not exist, 405, 408 and 431.
"""
PROBLEM: Document = {
    "type": "object",
    "title": "Problem",
    "required": ["type", "title", "status", "detail", "request_id"],
    "properties": {
        name: {"type": kind}
        for name, kind in {
            "type": "string",
            "title": "string",
            "status": "integer",
            "detail": "string",
            "instance": "string",
            "request_id": "string",
        }.items()
    },
}
# What nginx answers by itself; a service that documents the same status for an operation knows better.
GATEWAY_RESPONSES = {
    "429": ("TooManyRequests", "Too many requests from this address; `Retry-After` says for how long"),
    "502": ("ServiceUnreachable", "The service does not answer; repeat a POST only with the same Idempotency-Key"),
    "503": ("Unavailable", "A part that is needed does not answer; try again after `Retry-After` seconds"),
    "504": ("ServiceTimeout", "The service took too long; it may have been done, so look before you repeat it"),
}
TOO_LARGE = ("TooLarge", "The body is larger than this operation takes")
TOO_LONG = ("UriTooLong", "The address is longer than 16 KB")


def merge(documents: Mapping[str, Document], version: str) -> Document:
    """The platform's document. Raises ValueError when two services mean different things by one name."""
    merged: Document = {
        "openapi": "3.1.0",
        "info": {"title": "AI First Academy", "version": version, "description": DESCRIPTION},
        "servers": [{"url": "/"}],
        "paths": {},
        "components": {},
    }
    for service, document in documents.items():
        _unite(merged["paths"], document["paths"], f"the path, in {service} and elsewhere:")
        for kind, components in document["components"].items():
            _unite(merged["components"].setdefault(kind, {}), components, f"{kind}, in {service} and elsewhere:")
    for operations in merged["paths"].values():
        for operation in operations.values():
            _add_gateway_responses(operation)
    _add_gateway_components(merged["components"])
    _refuse_shared_ids(merged["paths"])
    return _ordered(merged)


def _unite(known: Document, more: Document, place: str) -> None:
    for name, value in more.items():
        if known.setdefault(name, value) != value:
            raise ValueError(f"one name for two things: {place} {name}")


def _add_gateway_responses(operation: Document) -> None:
    responses = operation["responses"]
    added = dict(GATEWAY_RESPONSES)
    if "requestBody" in operation:
        added["413"] = TOO_LARGE
    if {"path", "query"} & {parameter["in"] for parameter in operation.get("parameters", ())}:
        added["414"] = TOO_LONG
    for status, (name, _) in added.items():
        responses.setdefault(status, {"$ref": f"#/components/responses/{name}"})


def _add_gateway_components(components: Document) -> None:
    components.setdefault("schemas", {}).setdefault("Problem", PROBLEM)
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    responses = components.setdefault("responses", {})
    for status, (name, text) in {**GATEWAY_RESPONSES, "413": TOO_LARGE, "414": TOO_LONG}.items():
        response = responses.setdefault(name, {"description": text, "content": content})
        if status in {"429", "502", "503"}:
            response.setdefault("headers", {})["Retry-After"] = _header("Seconds to wait", "integer")
        if status == "429":
            response["headers"]["RateLimit"] = _header("What is left of which limit: `" + '"api";r=0;t=1`')
            response["headers"]["RateLimit-Policy"] = _header("The limits of this address by name, quota and window")


def _header(description: str, kind: str = "string") -> Document:
    return {"description": description, "schema": {"type": kind}}


def _refuse_shared_ids(paths: Document) -> None:
    ids = [operation["operationId"] for operations in paths.values() for operation in operations.values()]
    if shared := sorted({name for name in ids if ids.count(name) > 1}):
        raise ValueError(f"one operationId for two operations: {', '.join(shared)}")


def _ordered(document: Document) -> Document:
    """By name, so that a change of one route is a change of one place of the file."""
    document["paths"] = dict(sorted(document["paths"].items()))
    document["components"] = {
        kind: dict(sorted(components.items())) for kind, components in sorted(document["components"].items())
    }
    return document
