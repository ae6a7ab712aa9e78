"""Is the broker as shared/topology.py declares it? Every worker looks when it starts, and ends when it is not.

A queue without its delivery limit, or a binding that somebody removed, loses nothing today and everything on a bad day;
AMQP alone cannot tell, so this reads RabbitMQ's management API with the service's own user.
"""

import time
from typing import Any

import httpx

from shared import topology
from shared.settings import Settings
from shared.telemetry import get_logger

log = get_logger(__name__)

REQUEST_SECONDS = 3.0
ASK_EVERY_SECONDS = 2.0
# RabbitMQ refreshes what it tells about a queue's policy every five seconds; a queue just declared seems to have none.
PATIENCE_SECONDS = 20.0


class BrokerCheck:
    """Asked by the worker's main thread while its loops run already: a broker that is away is no reason not to start,
    events wait in the outbox and the consumer connects when it is back."""

    def __init__(self, settings: Settings, service: str, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self._service = service
        self._vhost = settings.broker_vhost
        self._patience = patience_seconds
        self._auth = (settings.broker_user or service, settings.broker_password.get_secret_value())
        self._address = f"{settings.broker_management_url}/api"
        self._passed = False
        self._ask_at = 0.0
        self._different_since: float | None = None

    def has_failed(self) -> bool:
        """True, with everything that is missing or different in the log, once the broker has been not as declared for
        20 s. Cheap to ask: looks every other second until the broker was seen as declared, then never again."""
        now = time.monotonic()
        if self._passed or now < self._ask_at:
            return False
        self._ask_at = now + ASK_EVERY_SECONDS
        try:
            deviations = self.deviations()
        except httpx.TransportError:
            return False
        if not deviations:
            self._passed = True
            log.info("broker is as declared")
            return False
        self._different_since = self._different_since or now
        if now - self._different_since < self._patience:
            return False
        log.critical(
            "the broker is not as shared/topology.py declares it: run the job that declares it"
            " (python -m shared.provision broker), then start this worker again",
            deviations=deviations,
        )
        return True

    def deviations(self) -> list[str]:
        """What is missing or different now. Raises httpx.TransportError when the management API does not answer."""
        with httpx.Client(base_url=self._address, auth=self._auth, timeout=REQUEST_SECONDS, trust_env=False) as api:
            try:
                return _deviations(api, self._vhost, self._service)
            except httpx.HTTPStatusError as error:
                return [f"user {self._auth[0]} may not look ({error}): its password or its rights are not as declared"]


def _deviations(api: httpx.Client, vhost: str, service: str) -> list[str]:
    """What is missing or different. Surplus bindings are no deviation: a newer release may have declared them."""
    inbox, dead = topology.inbox_queue(service), topology.dead_queue(service)
    policy = topology.policies()[f"{service}-inbox"]["definition"]
    found = [
        *_queue_deviations(api, vhost, inbox, policy),
        *_queue_deviations(api, vhost, dead, {}),
        *_missing_bindings(api, vhost, inbox, set(topology.bindings(service))),
        *_missing_bindings(api, vhost, dead, {(topology.DEAD_LETTER_EXCHANGE, dead)}),
    ]
    if service in topology.publishers():
        exchange = _find(api, f"/exchanges/{vhost}/{topology.exchange(service)}")
        if exchange is None or (exchange["type"], exchange["durable"]) != ("topic", True):
            found.append(f"exchange {topology.exchange(service)} is missing or not a durable topic exchange")
    return found


def _queue_deviations(api: httpx.Client, vhost: str, name: str, policy: dict[str, Any]) -> list[str]:
    queue = _find(api, f"/queues/{vhost}/{name}")
    if queue is None:
        return [f"queue {name} is missing"]
    wrong = [] if queue.get("type") == "quorum" else [f"queue {name} is of type {queue.get('type')}, not quorum"]
    effective = queue.get("effective_policy_definition") or {}
    for key, value in policy.items():
        if effective.get(key) != value:
            wrong.append(f"queue {name} has {key}={effective.get(key)!r} by policy, not {value!r}")
    return wrong


def _missing_bindings(api: httpx.Client, vhost: str, queue: str, wanted: set[tuple[str, str]]) -> list[str]:
    there = {(one["source"], one["routing_key"]) for one in _find(api, f"/queues/{vhost}/{queue}/bindings") or []}
    return [f"queue {queue} is not bound to {exchange} for {key}" for exchange, key in sorted(wanted - there)]


def _find(api: httpx.Client, path: str) -> Any:
    answer = api.get(path)
    if answer.status_code == httpx.codes.NOT_FOUND:
        return None
    return answer.raise_for_status().json()
