"""pika in one place. One connection belongs to one thread; on any AMQP error it is dropped and built anew."""

from collections.abc import Callable
from typing import Any

import pika
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import AMQPError

from shared.settings import Settings

PREFETCH = 50

__all__ = ["AMQPError", "Connection", "connection_parameters"]


def connection_parameters(settings: Settings, service: str) -> pika.ConnectionParameters:
    """Where the broker is and how long we wait: without `blocked_connection_timeout` a memory alarm hangs us."""
    return pika.ConnectionParameters(
        host=settings.broker_host,
        port=settings.broker_port,
        virtual_host=settings.broker_vhost,
        credentials=pika.PlainCredentials(settings.broker_user or service, settings.broker_password.get_secret_value()),
        heartbeat=30,
        blocked_connection_timeout=20,
        socket_timeout=5,
        stack_timeout=10,
        client_properties={"connection_name": service},
    )


class Connection:
    """A blocking connection with one channel: consume with manual acknowledgement."""

    def __init__(self, parameters: pika.ConnectionParameters) -> None:
        self._connection = pika.BlockingConnection(parameters)
        self.channel: BlockingChannel = self._connection.channel()

    def consume(self, queue: str, on_message: Callable[[Any, bytes], None]) -> None:
        """Calls `on_message(delivery, body)` for each message while `pump` runs; the callee acknowledges."""
        self.channel.basic_qos(prefetch_count=PREFETCH)
        # The tag is the queue's name: it tells the callee where a message comes from.
        self.channel.basic_consume(
            queue, lambda _channel, method, _properties, body: on_message(method, body), consumer_tag=queue
        )

    def pump(self, seconds: float) -> None:
        """Handles messages and heartbeats for up to so many seconds."""
        self._connection.process_data_events(time_limit=seconds)

    def close(self) -> None:
        """Closes without raising: what was not acknowledged is delivered again."""
        try:
            if self._connection.is_open:
                self._connection.close()
        except AMQPError:
            # It is gone already, which is what close wants.
            return
