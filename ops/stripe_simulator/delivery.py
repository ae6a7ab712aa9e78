"""Webhooks: signed as Stripe signs them and sent again, ever more slowly, until the far end says 2xx."""

import asyncio
import hashlib
import hmac
import json
import logging
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from http.client import HTTPException
from typing import Any

from ops.stripe_simulator.account import Account
from ops.stripe_simulator.errors import StateForbids
from ops.stripe_simulator.parameters import Body
from ops.stripe_simulator.posting import CONNECTIONS, Poster

_LOG_LENGTH = 20_000
_logger = logging.getLogger("ops.stripe_simulator")


def sign_payload(payload: bytes, secret: str, timestamp: int) -> str:
    """Returns the Stripe-Signature header (https://docs.stripe.com/webhooks#verify-manually)."""
    digest = hmac.new(secret.encode(), f"{timestamp}.".encode() + payload, hashlib.sha256).hexdigest()
    return f"t={timestamp},v1={digest}"


@dataclass(frozen=True)
class Attempt:
    """One row of the delivery log; `status` is None when no answer came and `error` says why."""

    event: str
    type: str
    status: int | None
    error: str | None
    started_at: float
    milliseconds: float

    @property
    def delivered(self) -> bool:
        """Whether the far end took it; like Stripe, a redirect is a failure."""
        return self.status is not None and 200 <= self.status < 300


class Dispatcher:
    """Sends due deliveries. They are rows, so a restart goes on where the last process stopped."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._woken = asyncio.Event()
        self._sending: dict[int, asyncio.Task[None]] = {}
        self._post = Poster(account.settings.simulator_webhook_timeout)

    def wake(self) -> None:
        """Looks for due deliveries at once."""
        self._woken.set()

    async def run(self) -> None:
        """Sends until cancelled; sleeps while nothing is due."""
        while True:
            self._woken.clear()
            pause = self._launch_due()
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._woken.wait()

    async def close(self) -> None:
        """Drops what is on the wire; unanswered deliveries stay due."""
        for task in list(self._sending.values()):
            task.cancel()
        await asyncio.gather(*self._sending.values(), return_exceptions=True)
        self._post.close()

    async def send_now(self, event_id: str) -> Body:
        """Returns the logged attempt of one extra delivery, past every dial; raises ObjectMissing, StateForbids."""
        return asdict(await self._send(self._account.store.get("event", event_id, "event")))

    def _launch_due(self) -> float | None:
        if self._account.controls.webhooks.paused or len(self._sending) >= CONNECTIONS:
            return None
        pending = f"state = 'pending' AND id NOT IN ({','.join('?' * len(self._sending))})"
        rows = self._account.store.rows(
            f"SELECT * FROM deliveries WHERE {pending} ORDER BY due_at, id LIMIT ?",
            [*self._sending, CONNECTIONS - len(self._sending) + 1],
        )
        for row in rows:
            wait: float = row["due_at"] - time.time()
            if wait > 0:
                return wait
            if len(self._sending) < CONNECTIONS:
                self._sending[row["id"]] = asyncio.create_task(self._deliver(row["id"], row["event"], row["attempts"]))
        return None

    async def _deliver(self, delivery_id: int, event_id: str, before: int) -> None:
        settings = self._account.settings
        event = self._account.store.find("event", event_id)
        try:
            if event is None:
                self._move(delivery_id, "failed", before, 0)
                return
            attempt = await self._send(event)
            attempts = before + 1
            if attempt.delivered:
                self._move(delivery_id, "delivered", attempts, attempt.started_at)
            elif attempts >= settings.simulator_webhook_attempts:
                _logger.warning("gave up on %s after %d attempts", event_id, attempts)
                self._move(delivery_id, "failed", attempts, attempt.started_at)
            else:
                pause = min(settings.simulator_first_retry * 2 ** min(before, 30), settings.simulator_last_retry)
                self._move(delivery_id, "pending", attempts, time.time() + pause)
        finally:
            del self._sending[delivery_id]
            self.wake()

    async def _send(self, event: Body) -> Attempt:
        settings = self._account.settings
        if settings.stripe_webhook_url is None:
            raise StateForbids("STRIPE_WEBHOOK_URL is not set: there is nowhere to send events.")
        payload = json.dumps(event, indent=2).encode()
        started, clock = time.time(), time.perf_counter()
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Stripe-Signature": sign_payload(payload, settings.stripe_webhook_secret.get_secret_value(), int(started)),
            "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
        }
        status, error = None, None
        try:
            status = await self._post(settings.stripe_webhook_url, payload, headers)
        except (OSError, HTTPException, ValueError) as problem:
            error = f"{type(problem).__name__}: {problem}"
        elapsed = round((time.perf_counter() - clock) * 1000, 2)
        attempt = Attempt(event["id"], event["type"], status, error, started, elapsed)
        self._log(attempt)
        return attempt

    def _move(self, delivery_id: int, state: str, attempts: int, due_at: float) -> None:
        self._account.store.rows(
            "UPDATE deliveries SET state = ?, attempts = ?, due_at = ? WHERE id = ?",
            (state, attempts, due_at, delivery_id),
        )

    def _log(self, attempt: Attempt) -> None:
        with self._account.store.transaction():
            if attempt.delivered:
                self._account.store.rows(
                    "UPDATE objects SET body = json_set(body, '$.pending_webhooks', 0) WHERE id = ?", (attempt.event,)
                )
            values: Sequence[Any] = tuple(asdict(attempt).values())
            added = self._account.store.rows(
                "INSERT INTO attempts (event, type, status, error, started_at, milliseconds)"
                " VALUES (?, ?, ?, ?, ?, ?) RETURNING id",
                values,
            )
            self._account.store.rows("DELETE FROM attempts WHERE id <= ?", (added[0]["id"] - _LOG_LENGTH,))
