"""Reads the service's queue: commit first, acknowledge last.

What arrived together is handled together, in one transaction: the durable commit, the dearest part, is paid once. When
any of it fails the whole is rolled back and each message is handled by itself, so the result is the same.
"""

import pika
from sqlalchemy import insert
from sqlalchemy.orm import Session

from shared import failpoints, inbox, tables, topology
from shared.broker import AMQPError, Connection
from shared.database import Database, is_outage
from shared.envelope import Envelope, UnreadableEnvelope
from shared.inbox import Handlers
from shared.message_origin import Delivery, ForgedMessage, read_envelope
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
        self._dead_queue = topology.dead_queue(database.service)
        self._waiting: list[Delivery] = []

    def step(self) -> bool:
        """Handles what arrives within a second. Always wants to be called again: it waits on the socket itself."""
        try:
            if self._broker is None:
                self._broker = self._listen()
            self._broker.pump(PUMP_SECONDS)
            if self._waiting:
                self._handle_waiting(self._broker)
        except AMQPError as error:
            self.close()
            raise ConnectionError(f"broker connection lost: {error!r}") from error
        return True

    def close(self) -> None:
        """Drops the connection; what was not acknowledged is delivered again."""
        self._waiting.clear()
        broker, self._broker = self._broker, None
        if broker:
            broker.close()

    def _listen(self) -> Connection:
        broker = Connection(self._parameters)
        # Collected here, handled later: a handler must not run inside pika's own dispatch.
        for queue in (topology.inbox_queue(self._database.service), self._dead_queue):
            broker.consume(queue, self._waiting.append)
        log.info("consumer listens")
        return broker

    def _handle_waiting(self, broker: Connection) -> None:
        """Commits, then acknowledges. While the database is away the deliveries stay unacknowledged and the heartbeats
        go on: a nack would come back at once and burn the queue's delivery limit."""
        batch, pause = self._waiting[:], OUTAGE_PAUSE_SECONDS
        while True:
            try:
                self._handle_batch(batch)
                break
            except Exception as error:
                if not is_outage(error):
                    raise
                log.warning("database away, holding deliveries", error=str(error), held=len(batch))
                broker.pump(pause)
                pause = min(pause * 2, LONGEST_OUTAGE_PAUSE_SECONDS)
        failpoints.reach("consumer-before-ack")
        del self._waiting[: len(batch)]
        broker.channel.basic_ack(batch[-1].tag, multiple=True)

    def _handle_batch(self, batch: list[Delivery]) -> None:
        if len(batch) > 1 and all(self._is_fresh(delivery) for delivery in batch):
            try:
                envelopes = [read_envelope(delivery) for delivery in batch]
                with self._database.begin() as session:
                    inbox.handle_once(session, envelopes, self._handlers)
                return
            except Exception as error:
                if is_outage(error):
                    raise
        for delivery in batch:
            self._handle_alone(delivery)

    def _is_fresh(self, delivery: Delivery) -> bool:
        return not delivery.redelivered and delivery.queue != self._dead_queue

    def _take(self, session: Session, delivery: Delivery, envelope: Envelope) -> None:
        if delivery.queue == self._dead_queue:
            # The broker gave it up; parked, it is seen and replayed with everything else that is stuck.
            inbox.store_parked(session, envelope, "the broker gave it up: delivered too often, or its queue was full")
        elif delivery.redelivered:
            # The process may have died under it: count it in the table before its handler runs again.
            inbox.store_envelope(session, envelope, crashes=1)
        else:
            inbox.handle_once(session, [envelope], self._handlers)

    def _handle_alone(self, delivery: Delivery) -> None:
        try:
            envelope = read_envelope(delivery)
        except (UnreadableEnvelope, ForgedMessage) as error:
            self._reject(delivery, str(error))
            return
        try:
            with self._database.begin() as session:
                self._take(session, delivery, envelope)
        except Exception as error:
            if is_outage(error):
                raise
            log.warning("event failed", event_id=str(envelope.id), type=envelope.type, error=repr(error))
            self._store_failed(delivery, envelope, error)

    def _store_failed(self, delivery: Delivery, envelope: Envelope, error: Exception) -> None:
        try:
            with self._database.begin() as session:
                self._retrier.store_failed(session, envelope, error)
        except Exception as refusal:
            if is_outage(refusal):
                raise
            # What the inbox cannot hold must not stand in the way of everything behind it.
            self._reject(delivery, f"cannot be stored: {refusal}")

    def _reject(self, delivery: Delivery, reason: str) -> None:
        log.error("message rejected", queue=delivery.queue, routing_key=delivery.routing_key, reason=reason[:500])
        values = {"routing_key": delivery.routing_key, "reason": reason[:2000], "body": delivery.body[: 256 * 1024]}
        with self._database.begin() as session:
            session.execute(insert(tables.inbox_rejected).values(**values))
