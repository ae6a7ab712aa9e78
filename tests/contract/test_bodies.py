"""Each operation of each service refuses a body that is too long, or of text that cannot be stored, before it parses
or validates it; and needs no more than its limit for what its document allows."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts

from ops.openapi.documents import applications
from shared.account_limit import AccountLimit
from shared.auth import Access, Public, dependency_calls
from shared.revocations import RevocationFeed
from shared.routing import AcademyRoute
from shared.testing.identity import IdentityStandIn
from shared.token_keys import KeySet
from shared.tokens import TokenVerifier

NOBODY = UUID(int=1)
ROLES = ("student", "instructor", "support", "admin")
# In UTF-8, of a character of any living language.
BYTES_OF_A_CHARACTER = 3


@dataclass
class Sent:
    """An answer, and how much of the body was asked for."""

    read: int = 0
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def problem(self) -> tuple[int, str]:
        return self.status, json.loads(self.body)["type"].removeprefix("urn:academy:problem:")


@dataclass(frozen=True)
class Operation:
    """An operation that takes a body; `kind` is its media type."""

    runner: asyncio.Runner
    app: FastAPI
    route: AcademyRoute
    method: str
    path: str
    kind: str
    schema: dict[str, Any]

    def send(self, headers: dict[str, str], *pieces: bytes) -> Sent:
        """Its answer to a body in these pieces."""
        return self.runner.run(self._send({"content-type": self.kind, "if-match": "*", **headers}, pieces))

    async def _send(self, headers: dict[str, str], pieces: tuple[bytes, ...]) -> Sent:
        sent, left = Sent(), list(pieces)

        async def receive() -> dict[str, Any]:
            body = left.pop(0)
            sent.read += len(body)
            return {"type": "http.request", "body": body, "more_body": bool(left)}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                sent.status = message["status"]
                sent.headers = {name.decode(): value.decode() for name, value in message["headers"]}
            sent.body += message.get("body", b"")

        raw = [(name.encode(), value.encode()) for name, value in headers.items()]
        scope = {"type": "http", "method": self.method, "path": self.path, "headers": raw, "query_string": b""}
        await self.app({**scope, "http_version": "1.1", "scheme": "http", "server": ("x", 80)}, receive, send)
        return sent


@pytest.fixture(scope="module")
def identity() -> Iterator[IdentityStandIn]:
    stand_in = IdentityStandIn()
    yield stand_in
    stand_in.close()


@pytest.fixture(scope="module")
def signed_in(identity: IdentityStandIn) -> dict[str, str]:
    return {"authorization": f"Bearer {identity.token(NOBODY, ROLES)}"}


@pytest.fixture(scope="module")
def operations(tmp_path_factory: pytest.TempPathFactory, identity: IdentityStandIn) -> Iterator[list[Operation]]:
    keys = KeySet(f"{identity.url}/.well-known/jwks.json")
    feed = RevocationFeed(f"{identity.url}/internal/revocations", "any", keys)
    feed.stale_seconds = 3600.0
    with httpx.Client() as client:
        feed.pull(client)
    found = []
    with asyncio.Runner() as runner:
        for app in applications(tmp_path_factory.mktemp("files")).values():
            app.state.tokens, app.state.revocations = TokenVerifier(keys), feed
            # Thousands of requests of one account follow.
            app.state.account_limit = AccountLimit(100_000, 100_000)
            found += list(with_bodies(app, runner))
        yield found


def with_bodies(app: FastAPI, runner: asyncio.Runner) -> Iterator[Operation]:
    document = app.openapi()
    for context in iter_route_contexts(app.routes):
        route = context.original_route
        if not isinstance(route, APIRoute) or not route.include_in_schema:
            continue
        assert isinstance(route, AcademyRoute)
        (method,) = route.methods or {"GET"}
        body = document["paths"][route.path_format][method.lower()].get("requestBody")
        # Stripe's webhook takes one that no client is told of.
        if body or (method == "POST" and "/webhooks/" in route.path):
            kind, content = next(iter(body["content"].items())) if body else ("application/json", {"schema": {}})
            path = route.path_format.format(**{name: str(NOBODY) for name in route.param_convertors})
            kind += "; boundary=x" if kind.startswith("multipart") else ""
            schema = {**content["schema"], "components": document["components"]}
            yield Operation(runner, app, route, method, path, kind, schema)


def test_no_operation_reads_more_than_its_limit(operations: list[Operation], signed_in: dict[str, str]) -> None:
    assert len(operations) > 50
    for operation in operations:
        limit = operation.route.body_limit
        announced = operation.send({**signed_in, "content-length": str(limit + 1)}, b"x" * 10)
        assert announced.problem == (413, "content-too-large"), operation.path
        assert announced.read == 0, f"{operation.path} reads a body that is announced as too large"
        if limit < 1 << 20:
            chunked = operation.send(signed_in, b"x" * limit, b"x", b"x", b"x")
            assert (chunked.problem, chunked.read) == ((413, "content-too-large"), limit + 1), operation.path


def test_no_operation_reads_the_body_of_who_may_not_call_it(operations: list[Operation]) -> None:
    for operation in operations:
        access = next(call for call in dependency_calls(operation.route.dependant) if isinstance(call, Access))
        if not isinstance(access, Public):
            sent = operation.send({"idempotency-key": "k", "content-length": "100000000"}, b"x" * 10)
            assert (sent.problem, sent.read) == ((401, "not-authenticated"), 0), operation.path


def test_an_address_or_a_method_that_is_not_there_reads_nothing(operations: list[Operation]) -> None:
    for operation in operations[::10]:
        for method, path, status in (("TRACE", operation.path, 405), (operation.method, "/nowhere", 404)):
            sent = replace(operation, method=method, path=path).send({}, b"x" * 10)
            assert (sent.status, sent.read) == (status, 0), (method, path)


def test_no_operation_takes_text_that_cannot_be_stored(operations: list[Operation], signed_in: dict[str, str]) -> None:
    tried = 0
    for operation in operations:
        if operation.kind != "application/json" or "/webhooks/" in operation.path:
            continue
        for document in with_marks(operation.schema, operation.schema["components"]["schemas"]):
            for text in (r"\ud800", r"\u0000"):
                tried += 1
                body = json.dumps(document).replace("MARK", text).encode()
                sent = operation.send(signed_in, body)
                assert sent.problem == (422, "invalid-input"), (operation.path, body)
                codes = {error["code"] for error in json.loads(sent.body)["errors"]}
                assert codes <= {"unicode", "control_character"}, (operation.path, body)
    assert tried > 200


def with_marks(schema: dict[str, Any], schemas: dict[str, Any]) -> Iterator[Any]:
    """Documents with the word MARK in one string, or as the name of a field."""
    schema = schemas[schema["$ref"].rsplit("/", 1)[-1]] if "$ref" in schema else schema
    for variant in schema.get("anyOf", ()):
        yield from with_marks(variant, schemas)
    if schema.get("type") == "string":
        yield "MARK"
    if schema.get("type") == "array":
        yield from ([inner] for inner in with_marks(schema["items"], schemas))
    if schema.get("type") == "object":
        yield {"MARK": 1}
        for name, kind in schema.get("properties", {}).items():
            yield from ({name: inner} for inner in with_marks(kind, schemas))


def test_the_refusal_of_a_hostile_body_is_short_everywhere(
    operations: list[Operation], signed_in: dict[str, str]
) -> None:
    for operation in operations:
        if operation.kind.endswith(("json", "urlencoded")):
            for body in hostile_bodies(min(operation.route.body_limit, 64 << 10)):
                sent = operation.send(signed_in, body)
                assert sent.status in (400, 415, 422), (operation.path, sent.status)
                assert len(sent.body) < 8_000, operation.path


def hostile_bodies(size: int) -> list[bytes]:
    return [
        b"{" + b",".join(b'"%05x":1' % n for n in range(size // 10 - 1)) + b"}",
        b"{" + b",".join(b'"%d%s":1' % (n, rb"\u0001" * 40) for n in range(60)) + b"}",
        b"[" * size,
        b"&".join(b"%x=1" % n for n in range(2_000)),
    ]


def test_whatever_an_operation_allows_fits_into_its_limit(operations: list[Operation]) -> None:
    for operation in operations:
        if operation.kind == "application/json":
            needed = longest(operation.schema, operation.schema.get("components", {}).get("schemas", {}))
            assert needed <= operation.route.body_limit, f"{operation.path}: declare max_body_size"


def longest(schema: dict[str, Any], schemas: dict[str, Any]) -> int:
    """How many bytes a document of this schema may need, as far as the schema says it."""
    schema = schemas[schema["$ref"].rsplit("/", 1)[-1]] if "$ref" in schema else schema
    if variants := schema.get("anyOf"):
        return max(longest(variant, schemas) for variant in variants)
    if schema.get("type") == "array":
        return int(schema.get("maxItems", 0)) * longest(schema["items"], schemas)
    members = sum(len(name) + 6 + longest(kind, schemas) for name, kind in schema.get("properties", {}).items())
    return members + BYTES_OF_A_CHARACTER * int(schema.get("maxLength", 0)) + 40


def test_every_operation_with_a_body_documents_how_it_is_refused(operations: list[Operation]) -> None:
    for operation in operations:
        responses = operation.app.openapi()["paths"][operation.route.path_format][operation.method.lower()]["responses"]
        expected = {"413"} if "/webhooks/" in operation.path else {"400", "413", "415", "422"}
        assert expected <= responses.keys(), operation.path
