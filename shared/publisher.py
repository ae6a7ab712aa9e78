"""Publishes many messages and waits for all their confirms at once, instead of one round trip after the other.

pika's blocking channel waits for each confirm before the next publish; this stands on its SelectConnection, whose loop
runs in the caller's thread only while there is something to wait for.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

import pika
from pika.channel import Channel
from pika.exceptions import AMQPError

CONTENT_TYPE = "application/cloudevents+json"
PERSISTENT = 2
OPEN_SECONDS = 15.0
CONFIRM_SECONDS = 20.0
CLOSE_SECONDS = 1.0


class Outcome(Enum):
    """What became of a message. Only CONFIRMED means that every queue bound for it has it on disk."""

    CONFIRMED = "confirmed"
    UNROUTABLE = "unroutable"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Message:
    """`id` becomes the AMQP message id and is how consumers know a repetition."""

    id: str
    routing_key: str
    body: bytes


class PublisherClosed(Exception):
    """The connection could not be made or was lost. What was not confirmed is to be published again."""


class Publisher:
    """One connection, one confirming channel, used by one thread."""

    def __init__(self, parameters: pika.ConnectionParameters) -> None:
        self._waiting: dict[int, str] = {}
        self._outcomes: dict[str, Outcome] = {}
        self._sequence = 0
        self._ready = False
        self._lost: BaseException | None = None
        self._channel: Channel | None = None
        # The broker checks it; it proves the publisher to who reads the message from a dead queue.
        self._user = parameters.credentials.username
        self._connection = pika.SelectConnection(
            parameters,
            on_open_callback=self._on_open,
            on_open_error_callback=self._on_lost,
            on_close_callback=self._on_lost,
        )
        self._run(OPEN_SECONDS, lambda: self._ready)
        if not self._ready:
            self.close()
            raise PublisherClosed("the broker did not open a channel in time")

    def publish(self, exchange: str, messages: Sequence[Message]) -> dict[str, Outcome]:
        """Publishes persistently and `mandatory`, because RabbitMQ confirms what it cannot route.

        Returns what became of each message by its id; UNKNOWN when the connection was lost or no confirm came in time,
        and then the publisher is of no more use.
        """
        self._outcomes = {message.id: Outcome.UNKNOWN for message in messages}
        self._waiting.clear()
        for message in messages:
            self._send(exchange, message)
        self._run(CONFIRM_SECONDS, lambda: not self._waiting)
        return self._outcomes

    def is_open(self) -> bool:
        """Serves heartbeats for a moment; False once the connection is gone."""
        if self._lost is None:
            self._run(0, lambda: False)
        return self._lost is None

    def close(self) -> None:
        """Closes without raising."""
        if not (self._connection.is_closing or self._connection.is_closed):
            self._connection.close()
        deadline = time.monotonic() + CLOSE_SECONDS
        while not self._connection.is_closed and time.monotonic() < deadline:
            self._turn(CLOSE_SECONDS)
        # pika closes its socket in a callback of its own, one turn later.
        self._turn(0)
        self._connection.ioloop.close()

    def _send(self, exchange: str, message: Message) -> None:
        if self._channel is None or self._lost is not None:
            return
        properties = pika.BasicProperties(
            content_type=CONTENT_TYPE, delivery_mode=PERSISTENT, message_id=message.id, user_id=self._user
        )
        try:
            self._channel.basic_publish(exchange, message.routing_key, message.body, properties, mandatory=True)
        except AMQPError as error:
            self._lost = error
            return
        self._sequence += 1
        self._waiting[self._sequence] = message.id

    def _run(self, seconds: float, done: Any) -> None:
        """Runs pika's loop until `done()`, the connection is lost, or the time is over."""
        deadline = time.monotonic() + seconds
        while self._lost is None and not done():
            left = deadline - time.monotonic()
            self._turn(max(left, 0))
            if left <= 0:
                return

    def _turn(self, seconds: float) -> None:
        loop = self._connection.ioloop
        timer = loop.call_later(seconds, loop.stop)
        loop.start()
        loop.remove_timeout(timer)

    def _stop(self) -> None:
        self._connection.ioloop.stop()

    def _on_open(self, connection: pika.SelectConnection) -> None:
        connection.channel(on_open_callback=self._on_channel)

    def _on_channel(self, channel: Channel) -> None:
        self._channel = channel
        channel.add_on_close_callback(lambda _channel, reason: self._on_lost(None, reason))
        channel.add_on_return_callback(self._on_return)
        channel.confirm_delivery(self._on_confirm, callback=self._on_confirming)

    def _on_confirming(self, _frame: Any) -> None:
        self._ready = True
        self._stop()

    def _on_return(self, _channel: Any, _method: Any, properties: pika.BasicProperties, _body: bytes) -> None:
        # Comes before the confirm of the same message.
        self._outcomes[str(properties.message_id)] = Outcome.UNROUTABLE

    def _on_confirm(self, frame: Any) -> None:
        acknowledged = isinstance(frame.method, pika.spec.Basic.Ack)
        tag = frame.method.delivery_tag
        tags = [waiting for waiting in self._waiting if waiting <= tag] if frame.method.multiple else [tag]
        for one in tags:
            message_id = self._waiting.pop(one, None)
            if message_id is not None and self._outcomes.get(message_id) is Outcome.UNKNOWN:
                self._outcomes[message_id] = Outcome.CONFIRMED if acknowledged else Outcome.REFUSED
        if not self._waiting:
            self._stop()

    def _on_lost(self, _connection: Any, reason: BaseException) -> None:
        self._lost = reason
        self._stop()
