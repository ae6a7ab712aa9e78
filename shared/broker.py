"""pika in one place. One connection belongs to one thread; on any AMQP error it is dropped and built anew."""

from collections.abc import Callable

import pika
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import AMQPError
from pika.spec import Basic, BasicProperties

from shared.message_origin import Delivery
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

    def consume(self, queue: str, on_message: Callable[[Delivery], None]) -> None:
        """Calls `on_message` for each message while `pump` runs; the callee acknowledges."""

        def deliver(_channel: BlockingChannel, method: Basic.Deliver, properties: BasicProperties, body: bytes) -> None:
            on_message(
                Delivery(
                    tag=method.delivery_tag,
                    queue=queue,
                    exchange=method.exchange,
                    routing_key=method.routing_key,
                    redelivered=method.redelivered,
                    user_id=properties.user_id,
                    body=body,
                )
            )

        self.channel.basic_qos(prefetch_count=PREFETCH)
        self.channel.basic_consume(queue, deliver, consumer_tag=queue)

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
