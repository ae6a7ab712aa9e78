"""Who published a message: a consumer believes the broker, never the message itself.

RabbitMQ lets each service publish to its own exchange only, so the exchange of a delivery proves the publisher. A
dead-lettered message comes from the dead letter exchange. Its proof is the AMQP property `user_id`: RabbitMQ refuses a
message whose `user_id` is not the login that publishes it. The headers with the original exchange (x-death,
x-first-death-exchange) prove nothing: RabbitMQ 3 keeps those that the publisher wrote.
"""

from dataclasses import dataclass

from shared import topology
from shared.envelope import Envelope, parse_envelope
from shared.events import EVENTS


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message with what the broker says about it. `queue` is where it was read; `user_id` is the login that published
    it, None when the publisher did not ask the broker to check it."""

    tag: int
    queue: str
    exchange: str
    routing_key: str
    redelivered: bool
    user_id: str | None
    body: bytes


class ForgedMessage(ValueError):
    """Nothing proves that the message comes from the service that it names."""


def read_envelope(delivery: Delivery) -> Envelope:
    """The envelope in a delivery, published by the service that is its `source`.

    Raises UnreadableEnvelope when it is none, ForgedMessage without proof of its source. A type that this release does
    not know is no error: a newer release may have published it.
    """
    envelope = parse_envelope(delivery.body)
    if delivery.exchange == topology.DEAD_LETTER_EXCHANGE:
        _check_user(delivery, envelope)
    else:
        _check_exchange(delivery, envelope)
    _check_members(envelope)
    return envelope


def _check_exchange(delivery: Delivery, envelope: Envelope) -> None:
    if delivery.exchange != topology.exchange(envelope.source):
        raise ForgedMessage(f"published to {delivery.exchange}, but its source is {envelope.source}")
    if delivery.routing_key != envelope.type:
        raise ForgedMessage(f"published with the routing key {delivery.routing_key}, but its type is {envelope.type}")


def _check_user(delivery: Delivery, envelope: Envelope) -> None:
    # The routing key is gone. Who publishes the type at all is checked with the members.
    if delivery.user_id is None:
        raise ForgedMessage(f"dead-lettered with no user id, so nothing proves that its source is {envelope.source}")
    if delivery.user_id != envelope.source:
        raise ForgedMessage(f"published by user {delivery.user_id}, but its source is {envelope.source}")


def _check_members(envelope: Envelope) -> None:
    cls = EVENTS.get(envelope.type)
    if cls is None:
        return
    if envelope.source not in cls.publishers():
        raise ForgedMessage(f"{envelope.source} does not publish {envelope.type}")
    if cls.publisher_field and envelope.data.get(cls.publisher_field) != envelope.source:
        raise ForgedMessage(f"its {cls.publisher_field} is not its source {envelope.source}")
    if envelope.data.get(cls.subject_field) != envelope.subject:
        raise ForgedMessage(f"its subject is not its {cls.subject_field}")
