"""The reference for events: a bare pika publisher that waits for each confirm, and a bare consumer with one INSERT and
commit per message, at once, on the same broker and database."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pika
import psycopg2

MESSAGES = 2000
PATIENCE_SECONDS = 120


def bare_rate(state: dict[str, Any], body: str) -> float:
    """Messages a second from the first publish to the last committed INSERT. `state` is the platform's."""
    with administrator(state["database"]) as cursor:
        cursor.execute("CREATE TABLE public.bare (id bigserial PRIMARY KEY, body jsonb NOT NULL)")
    with broker(state["broker"]) as channel:
        channel.exchange_declare("academy.bare", "topic", durable=True)
        channel.queue_declare("bare", durable=True, arguments={"x-queue-type": "quorum"})
        channel.queue_bind("bare", "academy.bare", "#")
    started = time.perf_counter()
    consumer = threading.Thread(target=_consume, args=(state,))
    consumer.start()
    with broker(state["broker"]) as channel:
        channel.confirm_delivery()
        properties = pika.BasicProperties(delivery_mode=2)
        for _ in range(MESSAGES):
            channel.basic_publish("academy.bare", "CourseUpdated", body.encode(), properties, mandatory=True)
    consumer.join(PATIENCE_SECONDS)
    return MESSAGES / (time.perf_counter() - started)


@contextmanager
def administrator(facts: dict[str, Any]) -> Iterator[Any]:
    """A cursor with an administrator's rights, each statement committed by itself."""
    connection = psycopg2.connect(
        host=facts["host"],
        port=facts["port"],
        dbname=facts["name"],
        user=facts["admin_user"],
        password=facts["admin_password"],
    )
    connection.autocommit = True
    try:
        yield connection.cursor()
    finally:
        connection.close()


@contextmanager
def broker(facts: dict[str, Any]) -> Iterator[Any]:
    """A channel with an administrator's rights."""
    credentials = pika.PlainCredentials(facts["admin_user"], facts["admin_password"])
    parameters = pika.ConnectionParameters(facts["host"], facts["port"], facts["vhost"], credentials)
    with pika.BlockingConnection(parameters) as connection:
        yield connection.channel()


def _consume(state: dict[str, Any]) -> None:
    with broker(state["broker"]) as channel, administrator(state["database"]) as cursor:
        channel.basic_qos(prefetch_count=50)
        for number, (method, _properties, body) in enumerate(channel.consume("bare"), 1):
            cursor.execute("INSERT INTO public.bare (body) VALUES (%s)", (body.decode(),))
            channel.basic_ack(method.delivery_tag)
            if number == MESSAGES:
                return
