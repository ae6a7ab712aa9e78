"""One service under test, reached at its doors: HTTP and events."""

import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx
import uvicorn
from fastapi import FastAPI
from sqlalchemy import select
from uuid_utils.compat import uuid7

from shared import consumer, inbox, tables, worker
from shared.database import Database
from shared.envelope import Envelope, wrap
from shared.events import Event
from shared.loops import Loop
from shared.testing.waiting import wait_until
from shared.worker import Worker

if TYPE_CHECKING:
    from shared.testing.academy import Academy


# A worker stops when it has waited for the broker and for hints: a second each, and tests stop one every few seconds.
consumer.PUMP_SECONDS = worker.LISTEN_SECONDS = 0.1
_LOCAL_TIME = re.compile(r'"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d[^"]{0,20})"')


class Caller:
    """A person with a token: `caller.get("/api/v1/...")`."""

    def __init__(self, client: httpx.Client, user_id: UUID, token: str) -> None:
        self.user_id = user_id
        self.token = token
        self._client = client

    def request(self, method: str, url: str, headers: Mapping[str, str] | None = None, **options: Any) -> Any:
        """Any request with the caller's token."""
        headers = {"Authorization": f"Bearer {self.token}", **(headers or {})}
        if "content" in options:
            headers.setdefault("Content-Type", "application/json")
        return self._client.request(method, url, headers=headers, **options)

    def get(self, url: str, **options: Any) -> Any:
        """GET."""
        return self.request("GET", url, **options)

    def post(self, url: str, **options: Any) -> Any:
        """POST."""
        return self.request("POST", url, **options)

    def patch(self, url: str, **options: Any) -> Any:
        """PATCH of whatever is there now, unless If-Match says otherwise."""
        return self.request("PATCH", url, **_whatever_is_there(options))

    def delete(self, url: str, **options: Any) -> Any:
        """DELETE of whatever is there now, unless If-Match says otherwise."""
        return self.request("DELETE", url, **_whatever_is_there(options))


def _whatever_is_there(options: dict[str, Any]) -> dict[str, Any]:
    return {**options, "headers": {"If-Match": "*", **options.get("headers", {})}}


class Harness:
    """`client` calls without a token, `caller()` with one, `deliver()` brings events, `published()` shows them."""

    def __init__(self, app: FastAPI, worker: Worker, database: Database, academy: "Academy") -> None:
        self.app = app
        self.worker = worker
        self.database = database
        self.academy = academy
        self._server = uvicorn.Server(
            uvicorn.Config(
                app,
                port=0,
                loop="uvloop",
                access_log=False,
                log_config=None,
                timeout_graceful_shutdown=2,
                # Longer than any test pauses: a pooled connection that the server drops fails the next request.
                timeout_keep_alive=300,
            )
        )
        self._thread = threading.Thread(target=self._server.run, daemon=True)

    def __enter__(self) -> "Harness":
        self._thread.start()
        wait_until(lambda: self._server.started or not self._thread.is_alive(), what="api answers")
        port = self._server.servers[0].sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        # Without the list of certificate authorities, whose reading takes longer than most tests.
        hooks = {"response": [_check_times]}
        self.client = httpx.Client(base_url=self.url, timeout=30, verify=False, event_hooks=hooks)
        return self

    def __exit__(self, *raised: Any) -> None:
        self.client.close()
        self._server.should_exit = True
        self._thread.join(10)

    def caller(self, *roles: str, user_id: UUID | None = None) -> Caller:
        """Somebody with these roles (student when none is named), new unless `user_id` says who."""
        user_id = user_id or uuid7()
        return Caller(self.client, user_id, self.academy.identity.token(user_id, roles or ("student",)))

    def deliver(self, event: Event) -> Envelope:
        """Handles an event as the consumer does on its fast path: inbox row and handler in one transaction."""
        envelope = wrap(event)
        self.redeliver(envelope)
        return envelope

    def redeliver(self, envelope: Envelope) -> None:
        """Handles the same envelope (again)."""
        with self.database.begin() as session:
            inbox.handle_once(session, [envelope], self.worker.handlers)

    def published(self, event_type: type[Event], subject: UUID | str | None = None) -> list[Any]:
        """The events of this type (and subject) in the outbox, oldest first."""
        rows = select(tables.outbox.c.envelope).where(tables.outbox.c.type == event_type.__name__)
        if subject is not None:
            rows = rows.where(tables.outbox.c.subject == str(subject))
        with self.database.begin() as session:
            envelopes = session.scalars(rows.order_by(tables.outbox.c.id)).all()
        return [Envelope.model_validate(envelope).event() for envelope in envelopes]

    @contextmanager
    def running_worker(self, *names: str) -> Iterator[None]:
        """The worker's loops (or only the named ones), running in threads until the block ends."""
        loops = [loop for loop in self.worker.loops(self.database) if not names or loop.name in names]
        with running(loops):
            yield


def _check_times(answer: httpx.Response) -> None:
    """Every time in every answer is RFC 3339 in UTC, with a Z."""
    answer.read()
    if "json" in answer.headers.get("content-type", ""):
        other = [text for text in _LOCAL_TIME.findall(answer.text) if not text.endswith("Z")]
        assert not other, f"{answer.url} answers times that are not UTC: {other}"


@contextmanager
def running(loops: Sequence[Loop]) -> Iterator[None]:
    """The loops, running in threads until the block ends."""
    for loop in loops:
        loop.start()
    try:
        yield
    finally:
        for loop in loops:
            loop.stop()
        for loop in loops:
            assert loop.join(10), f"loop {loop.name} did not stop"
