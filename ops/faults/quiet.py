"""Waits until nothing is on its way any more: then, and only then, the oracle may judge."""

import asyncio
import time

import psycopg2

from ops.faults.lab import Lab
from ops.places import SERVICES
from shared import topology

QUIET_SECONDS = 120.0
LOOK_AGAIN_SECONDS = 0.25


def _unpublished(service: str) -> str:
    return f"SELECT '{service}: not published', count(*) FROM {service}.outbox WHERE published_at IS NULL"


def _pending(service: str) -> str:
    return f"SELECT '{service}: not handled', count(*) FROM {service}.inbox WHERE status = 'pending'"


def _on_the_way(consumer: str, publisher: str) -> str:
    """Published, but not in the inbox of a service that subscribes to it."""
    types = ", ".join(f"'{cls.__name__}'" for cls in topology.SUBSCRIPTIONS[consumer] if publisher in cls.publishers())
    return (
        f"SELECT '{publisher} to {consumer}: on the way', count(*) FROM {publisher}.outbox o WHERE o.type IN ({types})"
        f" AND NOT EXISTS (SELECT 1 FROM {consumer}.inbox i"
        f" WHERE i.source = '{publisher}' AND i.event_id = o.event_id::text)"
    )


def on_the_way() -> list[str]:
    """One statement for each pair of services of which one listens to the other."""
    subscribed = topology.SUBSCRIPTIONS
    pairs = {(service, source) for service in SERVICES for cls in subscribed[service] for source in cls.publishers()}
    return [_on_the_way(*pair) for pair in sorted(pairs)]


MAILS = (
    "SELECT 'mails to send', count(*) FROM notifications.deliveries WHERE state IN ('queued', 'sending')"
    " UNION ALL SELECT 'broadcasts to hand out', count(*) FROM notifications.broadcasts WHERE done_at IS NULL"
)
BUSY = " UNION ALL ".join([*map(_unpublished, SERVICES), *map(_pending, SERVICES), *on_the_way(), MAILS])


async def quiet(lab: Lab, seconds: float = QUIET_SECONDS) -> tuple[float, dict[str, int]]:
    """Seconds until everything had come to rest, and what had not when the time was over."""
    began = time.monotonic()
    while True:
        busy = await unfinished(lab)
        passed = time.monotonic() - began
        if not busy or passed > seconds:
            return passed, busy
        await asyncio.sleep(LOOK_AGAIN_SECONDS)


async def unfinished(lab: Lab) -> dict[str, int]:
    """What is still on its way, by place."""
    try:
        rows = await lab.books.rows(f"SELECT * FROM ({BUSY}) AS busy (place, number) WHERE number > 0")
    except psycopg2.OperationalError as error:
        return {f"database: {error}": 1}
    webhooks = (await lab.stripe.deliveries())["states"]["pending"]
    return {str(place): int(number) for place, number in rows} | ({"webhooks": webhooks} if webhooks else {})
