"""A service's broker user publishes events in another service's name: every consumer rejects and records them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pika
import pytest
from pika.exceptions import ChannelClosedByBroker
from sqlalchemy import text
from uuid_utils.compat import uuid7

from shared import topology
from shared.broker import connection_parameters
from shared.consumer import Consumer
from shared.database import Database
from shared.events import (
    EVENTS,
    CertificateIssued,
    CourseUpdated,
    Event,
    LiveSessionScheduled,
    PasswordResetRequested,
    PersonErased,
    PersonErasureRequested,
)
from shared.inbox import Handlers
from shared.retries import Retrier, RetryPolicy
from shared.settings import Settings
from shared.testing import Academy, wait_until
from tests.contract.test_events import SAMPLES

Headers = dict[str, Any]


@dataclass(frozen=True)
class Message:
    """What `user` publishes to its own exchange. `expires`: the broker moves it to the dead queue before it is read."""

    user: str
    routing_key: str
    body: bytes
    headers: Headers = field(default_factory=dict)
    expires: bool = False
    user_id: str | None = None

    @property
    def queues(self) -> list[str]:
        """The services whose queue gets a copy."""
        keys = {self.routing_key, *self.headers.get("CC", [])}
        routes = {(topology.exchange(self.user), key) for key in keys}
        return [service for service in topology.SERVICES if routes & set(topology.bindings(service))]


def event_body(cls: type[Event], source: str, data: dict[str, Any] | None = None, **members: Any) -> bytes:
    """The stored sample of the event in the name of `source`, with an id and a subject of its own."""
    sample = json.loads((SAMPLES / f"{cls.__name__}.json").read_text())
    subject = str(uuid7())
    content = {**sample["data"], cls.subject_field: subject}
    if "service" in content:
        content["service"] = source
    members = {"id": str(uuid7()), "source": source, "subject": subject, **members}
    return json.dumps({**sample, "data": content | (data or {})} | members).encode()


def events_of(source: str) -> list[type[Event]]:
    return [cls for cls in EVENTS.values() if source in cls.publishers()]


def doors(user: str) -> list[type[Event]]:
    """Events by whose routing keys the user reaches every queue that it can reach."""
    found: list[type[Event]] = []
    reached: set[str] = set()
    for cls in sorted(events_of(user), key=lambda cls: -len(Message(user, cls.__name__, b"").queues)):
        queues = set(Message(user, cls.__name__, b"").queues)
        if queues - reached:
            found.append(cls)
            reached |= queues
    return found


def forged_death(source: str, cls: type[Event]) -> Headers:
    """The headers that the broker would write had `source` published the event. RabbitMQ 3 does not correct them."""
    exchange, keys, time = topology.exchange(source), [cls.__name__], datetime(2026, 1, 1, tzinfo=UTC)
    queues = [topology.inbox_queue(service) for service in topology.SERVICES]
    deaths = [
        {"queue": queue, "reason": "expired", "exchange": exchange, "routing-keys": keys, "count": 0, "time": time}
        for queue in queues
    ]
    return {"x-death": deaths, "x-first-death-exchange": exchange, "x-first-death-reason": "expired"}


def in_the_name_of_others(user: str) -> Iterator[Message]:
    for door in doors(user):
        for source in set(topology.SERVICES) - {user}:
            cls = events_of(source)[0]
            body = event_body(cls, source)
            yield Message(user, door.__name__, body)
            for user_id in (None, user):
                body = event_body(cls, source)
                yield Message(user, door.__name__, body, forged_death(source, cls), expires=True, user_id=user_id)
        yield Message(user, door.__name__, event_body(door, user), expires=True)


def contradicting(user: str) -> Iterator[Message]:
    """Messages whose parts do not agree: routing key and type, type and source, subject and data, source and data."""
    door = doors(user)[0]
    key, other = door.__name__, str(uuid7())
    foreign = next(cls for cls in EVENTS.values() if user not in cls.publishers())
    yield Message(user, key, event_body(next(cls for cls in events_of(user) if cls is not door), user))
    # The broker routes by the keys in CC, too.
    yield Message(user, foreign.__name__, event_body(foreign, user), {"CC": [key]})
    yield Message(user, key, event_body(door, user, subject=other))
    yield Message(user, key, event_body(door, user, subject=other), expires=True, user_id=user)
    for cls in (cls for cls in events_of(user) if cls.publisher_field):
        body = event_body(cls, user, data={"service": "identity"})
        yield Message(user, cls.__name__, body)
        yield Message(user, cls.__name__, event_body(cls, user, data={"service": "stripe"}), expires=True, user_id=user)


KNOWN_ATTACKS = [
    Message("certificates", CertificateIssued.__name__, event_body(CourseUpdated, "catalog")),
    Message("live", LiveSessionScheduled.__name__, event_body(PasswordResetRequested, "identity")),
    Message("live", PersonErased.__name__, event_body(PersonErasureRequested, "identity")),
    Message("billing", "PaymentSucceeded", event_body(CourseUpdated, "stripe")),
]


def publish(academy: Academy, messages: list[Message]) -> None:
    for user in topology.SERVICES:
        with pika.BlockingConnection(academy.broker_parameters(user)) as connection:
            channel = connection.channel()
            # Without confirms a quorum queue may lose what is published right before the channel ends.
            channel.confirm_delivery()
            for message in (message for message in messages if message.user == user):
                properties = pika.BasicProperties(
                    headers=message.headers, expiration="1" if message.expires else None, user_id=message.user_id
                )
                channel.basic_publish(topology.exchange(user), message.routing_key, message.body, properties)


class Recorder:
    """Handles every event by keeping its subject."""

    def __init__(self) -> None:
        self.subjects: list[str] = []

    def __call__(self, _session: Any, event: Event) -> None:
        self.subjects.append(event.subject)


@dataclass(frozen=True)
class Sent:
    """Everything that was published: forged, and honest, read from the queue or given up by the broker."""

    forged: list[Message]
    honest: list[Message]
    given_up: list[Message]


@pytest.fixture(scope="module")
def sent(academy: Academy) -> Sent:
    """All messages of all tests, published at once."""
    users = topology.SERVICES
    sent = Sent(
        [message for user in users for message in (*in_the_name_of_others(user), *contradicting(user))] + KNOWN_ATTACKS,
        [Message(user, door.__name__, event_body(door, user)) for user in users for door in doors(user)],
        [
            Message(user, door.__name__, event_body(door, user), expires=True, user_id=user)
            for user in users
            for door in doors(user)
        ],
    )
    everything = [*sent.forged, *sent.honest, *sent.given_up]
    with academy.broker_administrator() as connection:
        channel = connection.channel()
        for service in topology.SERVICES:
            channel.queue_purge(topology.inbox_queue(service))
            channel.queue_purge(topology.dead_queue(service))

        def waiting() -> int:
            queues = [topology.inbox_queue(service) for service in topology.SERVICES]
            return sum(channel.queue_declare(queue, passive=True).method.message_count for queue in queues)

        publish(academy, [message for message in everything if message.expires])
        # A message expires at the head of its queue only, so the others come behind.
        wait_until(lambda: waiting() == 0, 20, "the broker gives up what has expired")
        publish(academy, [message for message in everything if not message.expires])
    return sent


@pytest.mark.parametrize("service", topology.SERVICES)
def test_a_forged_event_is_rejected_and_recorded_and_its_handler_never_runs(
    academy: Academy, sent: Sent, service: str
) -> None:
    academy.migrate(service)
    settings = academy.settings(Settings)
    database = Database(settings.database_url(service), service, pool_size=2)
    recorder = Recorder()
    handlers = Handlers(events=dict.fromkeys(EVENTS.values(), recorder))
    parameters = connection_parameters(settings, service)
    consumer = Consumer(database, parameters, handlers, Retrier(database, handlers, RetryPolicy.of(settings)))
    forged, honest, given_up = (
        [json.loads(message.body) for message in messages if service in message.queues]
        for messages in (sent.forged, sent.honest, sent.given_up)
    )
    assert {message.user for message in sent.forged if service in message.queues} >= {
        exchange.removeprefix("academy.") for exchange, _ in topology.bindings(service)
    }

    def column(statement: str) -> list[Any]:
        with database.begin() as session:
            return list(session.scalars(text(statement)))

    def rejected() -> set[str]:
        return {json.loads(bytes(body))["id"] for body in column("SELECT body FROM inbox_rejected")}

    def arrived() -> set[str]:
        return rejected() | set(column("SELECT event_id FROM inbox"))

    every_id = {one["id"] for one in (*forged, *honest, *given_up)}
    wait_until(lambda: consumer.step() and arrived() >= every_id, 30, "all messages")
    consumer.close()
    assert rejected() & every_id == {one["id"] for one in forged}
    assert set(recorder.subjects) == {one["subject"] for one in honest}
    parked = column("SELECT event_id FROM inbox WHERE status = 'parked'")
    assert set(parked) & every_id == {one["id"] for one in given_up}
    reasons = " ".join(column("SELECT reason FROM inbox_rejected"))
    assert "published to academy." in reasons
    assert "no user id" in reasons
    database.close()


@pytest.mark.parametrize("service", topology.SERVICES)
def test_the_broker_refuses_a_message_in_another_users_id(academy: Academy, service: str) -> None:
    with pika.BlockingConnection(academy.broker_parameters(service)) as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        forged = pika.BasicProperties(user_id=next(other for other in topology.SERVICES if other != service))
        with pytest.raises(ChannelClosedByBroker, match="user_id"):
            channel.basic_publish(topology.exchange(service), doors(service)[0].__name__, b"{}", forged, mandatory=True)
