"""Idempotency-Key: a POST that is sent again with its key is answered again, not done again.

The answer is stored in the transaction of its effect (shared/routing.py), so there is never one without the other. A
refused request (4xx, 5xx) has no effect and stores nothing: its key may be used again. A key belongs to its actor and
is kept for a day. After https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/ and Stripe's API.
"""

import hashlib
from collections.abc import Callable
from typing import Annotated, Any, get_args, get_type_hints

from fastapi import Depends, Header, Request
from fastapi.params import Depends as Dependency
from sqlalchemy import insert, select
from sqlalchemy.orm import Session
from starlette.responses import Response

from shared import locks, tables
from shared.auth import Actor, Require
from shared.database import get_session
from shared.errors import Conflict, Problem


class KeyReused(Problem):
    status, slug, title = 422, "idempotency-key-reused", "This Idempotency-Key belongs to another request"
    detail = "Use a new key for each new request, and the same key only to repeat exactly the same one."


class KeyInUse(Conflict):
    slug, title = "idempotency-key-in-use", "The request with this Idempotency-Key is still being worked on"
    detail = "Wait a moment, then repeat it with the same key: you will get its answer."

    def __init__(self) -> None:
        super().__init__(headers={"Retry-After": "1"})


class Claim:
    """One request's hold on its key, from the look-up to the end of the transaction."""

    def __init__(self, key: str, fingerprint: bytes) -> None:
        self._key = key
        self._fingerprint = fingerprint
        self._actor: Actor | None = None
        self._session: Session | None = None

    def find_answer(self, session: Session, actor: Actor) -> Response | None:
        """The answer that this request got before; None when it is the first of its kind, which then holds the key.
        Raises KeyInUse, KeyReused."""
        if not locks.try_lock(session, f"idempotency:{actor.user_id}:{self._key}"):
            raise KeyInUse
        # A statement of its own, after the lock: it sees what the lock's last holder has committed.
        t = tables.idempotency_keys.c
        stored = session.execute(
            select(t.fingerprint, t.status, t.headers, t.body).where(t.actor_id == actor.user_id, t.key == self._key)
        ).first()
        if stored is None:
            self._session, self._actor = session, actor
            return None
        if stored.fingerprint != self._fingerprint:
            raise KeyReused
        return Response(stored.body, stored.status, {**stored.headers, "Idempotency-Replayed": "true"})

    def store(self, response: Response) -> None:
        """Stores the answer in the transaction that holds the key, if one does."""
        if self._session is None or self._actor is None or response.status_code >= 400:
            return
        self._session.execute(
            insert(tables.idempotency_keys).values(
                actor_id=self._actor.user_id,
                key=self._key,
                fingerprint=self._fingerprint,
                status=response.status_code,
                headers={name: value for name, value in response.headers.items() if name != "content-length"},
                body=bytes(response.body),
            )
        )


async def claim_key(
    request: Request,
    key: Annotated[
        str | None,
        Header(
            alias="Idempotency-Key",
            min_length=1,
            max_length=255,
            pattern=r"^[\x21-\x7e]+$",
            description="Any unique text, such as a UUID: a request repeated with it within a day is done once",
        ),
    ] = None,
) -> None:
    """Notes the claim on the request; nothing is looked up before the caller is known to be allowed in."""
    if key is not None:
        # Where a route takes no body, one that is sent means nothing, and is not read.
        body = await request.body() if request.scope["route"].body_field else b""
        request.state.claim = Claim(key, _fingerprint(request, body))


CLAIM = Depends(claim_key)


def takes_keys(endpoint: Callable[..., Any]) -> bool:
    """True for a route that writes in the request's transaction for a signed-in caller: only there can an answer be
    stored together with its effect, and belong to somebody."""
    hints = get_type_hints(endpoint, include_extras=True).values()
    declared = [part.dependency for hint in hints for part in get_args(hint)[1:] if isinstance(part, Dependency)]
    return get_session in declared and any(isinstance(call, Require) for call in declared)


def _fingerprint(request: Request, body: bytes) -> bytes:
    target = f"{request.method} {request.url.path}?{request.url.query}\n"
    return hashlib.sha256(target.encode() + body).digest()
