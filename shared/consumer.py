"""Reads the service's queue: commit first, acknowledge last."""

from typing import Any

import pika
from sqlalchemy import insert

from shared import inbox, tables, topology
from shared.broker import AMQPError, Connection
from shared.database import Database, is_outage
from shared.envelope import Envelope, UnreadableEnvelope, parse_envelope
from shared.inbox import Handlers
from shared.retries import Retrier
from shared.telemetry import get_logger

log = get_logger(__name__)

PUMP_SECONDS = 1.0
OUTAGE_PAUSE_SECONDS = 0.5
LONGEST_OUTAGE_PAUSE_SECONDS = 5.0


class Consumer:
    """Step of the consumer loop."""

    def __init__(
        self, database: Database, parameters: pika.ConnectionParameters, handlers: Handlers, retrier: Retrier
    ) -> None:
        self._database = database
        self._parameters = parameters
        self._handlers = handlers
        self._retrier = retrier
        self._broker: Connection | None = None
        self._waiting: list[tuple[Any, bytes]] = []

    def step(self) -> bool:
        """Handles what arrives within a second. Always wants to be called again: it waits on the socket itself."""
        try:
            if self._broker is None:
                self._broker = Connection(self._parameters)
                # Collected here, handled below: a handler must not run inside pika's own dispatch.
                self._broker.consume(topology.inbox_queue(self._database.service), self._collect)
                log.info("consumer listens")
            self._broker.pump(PUMP_SECONDS)
            self._handle_waiting(self._broker)
        except AMQPError as error:
            self.close()
            raise ConnectionError(f"broker connection lost: {error!r}") from error
        return True

    def _collect(self, delivery: Any, body: bytes) -> None:
        self._waiting.append((delivery, body))

    def _handle_waiting(self, broker: Connection) -> None:
        pause = OUTAGE_PAUSE_SECONDS
        while self._waiting:
            delivery, body = self._waiting[0]
            try:
                self._handle(delivery, body)
            except Exception as error:
                if not is_outage(error):
                    raise
                # Database away: keep the delivery unacknowledged and the heartbeats going. A nack would come back at
                # once and burn the queue's delivery limit.
                log.warning("database away, holding deliveries", error=str(error), held=len(self._waiting))
                broker.pump(pause)
                pause = min(pause * 2, LONGEST_OUTAGE_PAUSE_SECONDS)
                continue
            self._waiting.pop(0)
            broker.channel.basic_ack(delivery.delivery_tag)

    def _handle(self, delivery: Any, body: bytes) -> None:
        try:
            envelope = parse_envelope(body)
        except UnreadableEnvelope as error:
            self._reject(delivery.routing_key, body, str(error))
            return
        if delivery.redelivered:
            # The process may have died under it: count it in the table before its handler runs again.
            with self._database.begin() as session:
                inbox.store_envelope(session, envelope)
            return
        self._handle_fresh(envelope)

    def _handle_fresh(self, envelope: Envelope) -> None:
        try:
            with self._database.begin() as session:
                inbox.handle_once(session, envelope, self._handlers)
        except Exception as error:
            if is_outage(error):
                raise
            log.warning(
                "event failed, will be retried", event_id=str(envelope.id), type=envelope.type, error=repr(error)
            )
            with self._database.begin() as session:
                self._retrier.store_failed(session, envelope, error)

    def _reject(self, routing_key: str, body: bytes, reason: str) -> None:
        log.error("message rejected: not an event", routing_key=routing_key, reason=reason[:500])
        values = {"routing_key": routing_key, "reason": reason[:2000], "body": body[: 256 * 1024]}
        with self._database.begin() as session:
            session.execute(insert(tables.inbox_rejected).values(**values))

    def close(self) -> None:
        """Drops the connection; what was not acknowledged is delivered again."""
        self._waiting.clear()
        broker, self._broker = self._broker, None
        if broker:
            broker.close()
