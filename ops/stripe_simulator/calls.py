"""One API call from its key to its answer: authentication, faults, idempotency, transaction."""

import asyncio
import base64
import binascii
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass

from fastapi import Request, Response
from starlette.types import Receive, Scope, Send

from ops.stripe_simulator.account import Account
from ops.stripe_simulator.errors import (
    CardDeclined,
    InternalFailure,
    KeyRefused,
    LockTimeout,
    ParameterInvalid,
    RateLimited,
    StripeProblem,
)
from ops.stripe_simulator.expansion import expand
from ops.stripe_simulator.idempotency import IdempotencyKeys, Reply, fingerprint
from ops.stripe_simulator.identifiers import new_id
from ops.stripe_simulator.parameters import Body, parse_form
from ops.stripe_simulator.settings import API_VERSION

Operation = Callable[[Account, Body], Body]


class DroppedConnection(Response):
    """No answer at all: the peer sees its connection closed."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Aborts the transport that application.py put into the scope."""
        scope["transport"].abort()
        while (await receive())["type"] != "http.disconnect":
            pass


@dataclass(frozen=True)
class Call:
    """An authenticated request to /v1."""

    account: Account
    keys: IdempotencyKeys
    method: str
    path: str
    params: Body
    key: str | None
    headers: dict[str, str]

    async def answer(self, operation: Operation) -> Response:
        """Runs the operation, or replays its stored answer, as the fault dial lets it."""
        fault = self.account.controls.faults.strike(self.method, self.path)
        kind = fault.kind if fault else None
        if kind == "reset":
            return DroppedConnection()
        if kind == "429":
            raise RateLimited("Too many requests hit the API too quickly.")
        with self.keys.claimed(self.key):
            print_ = fingerprint(self.method, self.path, self.params)
            stored = self.keys.find_reply(self.key, print_)
            reply = stored or self._execute(operation, kind, print_)
            if fault and kind == "timeout":
                await asyncio.sleep(fault.seconds)
        if kind == "reset_after_success":
            return DroppedConnection()
        return self._response(reply, replayed=stored is not None)

    def _execute(self, operation: Operation, kind: str | None, print_: str) -> Reply:
        if kind == "409":
            raise LockTimeout("This object cannot be accessed right now because another API request is accessing it.")
        try:
            with self.account.store.transaction():
                reply = self._perform(operation, kind)
                self.keys.save_reply(self.key, print_, reply)
        except StripeProblem as problem:
            reply = self._reply(problem.status, problem.body())
            if problem.executed:
                with self.account.store.transaction():
                    self.keys.save_reply(self.key, print_, reply)
        return reply

    def _perform(self, operation: Operation, kind: str | None) -> Reply:
        failure = InternalFailure("An unknown error occurred (simulated).")
        if kind == "500":
            raise failure
        if kind == "400":
            raise ParameterInvalid("The request was not acceptable (simulated).")
        if kind == "card_declined":
            raise CardDeclined("Your card was declined.", decline_code="generic_decline")
        body = operation(self.account, {name: value for name, value in self.params.items() if name != "expand"})
        if kind == "500_after_success":
            return self._reply(failure.status, failure.body())
        expand(self.account.store, body, self.params.get("expand"))
        return self._reply(200, body)

    def _reply(self, status: int, body: Body) -> Reply:
        return Reply(status, json.dumps(body, indent=2), self.headers["Request-Id"])

    def _response(self, reply: Reply, *, replayed: bool) -> Response:
        headers = dict(self.headers)
        if self.key is not None:
            headers |= {"Idempotency-Key": self.key, "Original-Request": reply.request_id}
        if replayed:
            headers["Idempotent-Replayed"] = "true"
        return Response(reply.body, reply.status, headers, "application/json")


async def receive_call(request: Request) -> Call:
    """Returns the call; raises KeyRefused or ParameterInvalid."""
    account: Account = request.app.state.account
    request.state.request_id = new_id("req", 14)
    _check_key(request.headers.get("authorization", ""), account.settings.stripe_api_key.get_secret_value())
    writes = request.method == "POST"
    params = parse_form(await request.body() if writes else request.url.query.encode())
    key = request.headers.get("idempotency-key") if writes else None
    sight = account.on_behalf_of(request.state.request_id, key)
    return Call(
        account=sight,
        keys=request.app.state.keys,
        method=request.method,
        path=request.url.path,
        params=params,
        key=key,
        headers=common_headers(request),
    )


def common_headers(request: Request) -> dict[str, str]:
    """Headers of every answer below /v1: who answered, and in which version."""
    request_id = getattr(request.state, "request_id", None)
    version = request.headers.get("stripe-version", API_VERSION)
    return {"Request-Id": request_id, "Stripe-Version": version} if request_id else {}


def _check_key(authorization: str, expected: str) -> None:
    scheme, _, credentials = authorization.partition(" ")
    given = credentials.strip()
    if scheme.lower() == "basic":
        given = _basic_user(given)
    if scheme.lower() not in {"basic", "bearer"} or not given:
        raise KeyRefused("You did not provide an API key. Use Bearer auth: 'Authorization: Bearer YOUR_SECRET_KEY'.")
    if not hmac.compare_digest(given.encode(), expected.encode()):
        raise KeyRefused(f"Invalid API Key provided: {given[:8]}{'*' * 8}")


def _basic_user(credentials: str) -> str:
    try:
        return base64.b64decode(credentials, validate=True).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return ""
