"""RabbitMQ as its administrator sees it: what waits where, bindings taken away, and messages nobody should send."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pika

from ops.failure import OpsError
from ops.places import SERVICES
from shared import topology
from shared.publisher import Message, Outcome, Publisher

BATCH = 500


class Broker:
    """Management API and a plain AMQP connection, both with the administrator's rights."""

    def __init__(self, broker: Mapping[str, Any]) -> None:
        self._vhost = broker["vhost"]
        self._login = (broker["admin_user"], broker["admin_password"])
        self._api = httpx.AsyncClient(
            base_url=f"{broker['management']}/api", auth=self._login, timeout=30, trust_env=False
        )
        self._parameters = pika.ConnectionParameters(
            host=broker["host"],
            port=broker["port"],
            virtual_host=self._vhost,
            credentials=pika.PlainCredentials(*self._login),
        )

    async def close(self) -> None:
        """Hangs up."""
        await self._api.aclose()

    async def messages(self, queue: str) -> int:
        """How many messages wait in a queue now, without those given out; counted by the queue, not by statistics."""
        return await asyncio.to_thread(self._with_channel, lambda channel: _count(channel, queue))

    async def dead(self) -> int:
        """How many messages are in all dead queues together."""
        return sum([await self.messages(topology.dead_queue(service)) for service in SERVICES])

    async def statistics(self, queue: str) -> dict[str, Any]:
        """The broker's statistics of a queue, some seconds late."""
        answer = await self._api.get(f"/queues/{self._vhost}/{queue}")
        found: dict[str, Any] = answer.raise_for_status().json()
        return found

    async def publish_all(self, exchange: str, messages: Sequence[Message]) -> None:
        """Publishes all of them. Raises OpsError unless each is confirmed."""
        await asyncio.to_thread(self._publish_all, exchange, messages)

    def _publish_all(self, exchange: str, messages: Sequence[Message]) -> None:
        publisher = Publisher(self._parameters)
        try:
            for start in range(0, len(messages), BATCH):
                outcomes = publisher.publish(exchange, messages[start : start + BATCH])
                if set(outcomes.values()) - {Outcome.CONFIRMED}:
                    raise OpsError("The broker did not take the drill's messages.", "read its log")
        finally:
            publisher.close()

    @asynccontextmanager
    async def unbound(self, exchange: str, routing_key: str) -> AsyncIterator[int]:
        """While the context is open no queue gets messages of this key; the number of bindings taken away."""
        found = (await self._api.get(f"/exchanges/{self._vhost}/{exchange}/bindings/source")).raise_for_status().json()
        gone = [binding for binding in found if binding["routing_key"] == routing_key]
        for binding in gone:
            place = f"/bindings/{self._vhost}/e/{exchange}/q/{binding['destination']}"
            (await self._api.delete(f"{place}/{binding['properties_key']}")).raise_for_status()
        try:
            yield len(gone)
        finally:
            for binding in gone:
                place = f"/bindings/{self._vhost}/e/{exchange}/q/{binding['destination']}"
                (await self._api.post(place, json={"routing_key": routing_key})).raise_for_status()

    def _with_channel(self, act: Callable[[Any], Any]) -> Any:
        connection = pika.BlockingConnection(self._parameters)
        try:
            return act(connection.channel())
        finally:
            connection.close()


def _count(channel: Any, queue: str) -> int:
    return int(channel.queue_declare(queue, passive=True).method.message_count)
