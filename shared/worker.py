"""The worker process of a service: consumer, inbox retries, relay, jobs, each a loop in a thread of its own."""

import select
import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import PoolProxiedConnection

from shared import deadlines, topology
from shared.broker import connection_parameters
from shared.broker_check import BrokerCheck
from shared.consumer import Consumer
from shared.database import Database
from shared.health import HealthServer
from shared.heap import settle_heap
from shared.hints import wake_channel
from shared.inbox import Handlers
from shared.jobs import Job, Scheduler
from shared.loops import Crew, Loop
from shared.relay import Relay
from shared.retries import Retrier, RetryPolicy
from shared.settings import Settings
from shared.sweeping import SWEEP
from shared.telemetry import configure_logging, get_logger

log = get_logger(__name__)

STOP_SECONDS = 25.0
LISTEN_SECONDS = 1.0
IDLE_COMPANION = 30.0

Step = Callable[[Database], bool]


@dataclass(frozen=True)
class Worker:
    """What a service's worker does. `steps` are further loops by name, such as sending mail: each is called with the
    database until it returns False, and again when a `wake_worker(session, name)` was committed or a second passed."""

    service: str
    settings: Settings
    handlers: Handlers
    jobs: Sequence[Job] = ()
    steps: Mapping[str, Step] = field(default_factory=dict)
    # How many stored events are handled at a time; more than one where a handler's `prepare` waits for a vendor.
    inbox_loops: int = 1

    def loops(self, database: Database) -> list[Loop]:
        """All loops, not started."""
        broker = connection_parameters(self.settings, self.service)
        idle = self.settings.worker_poll_seconds
        policy = RetryPolicy.of(self.settings)
        crew = Crew()
        retrier = Retrier(database, self.handlers, policy, on_claim=crew.wake)
        relay = Relay(database, broker, policy)
        consumer = Consumer(database, broker, self.handlers, retrier)
        scheduler = Scheduler(database, [*self.jobs, SWEEP])
        loops = [
            Loop("relay", relay.step, idle, relay.close),
            Loop("consumer", consumer.step, idle, consumer.close),
            Loop("jobs", scheduler.step, idle),
        ]
        # The first one polls; its companions come when they are woken.
        crew.loops = [Loop("inbox", retrier.step, idle)]
        crew.loops += [Loop(f"inbox-{n}", retrier.step, IDLE_COMPANION) for n in range(2, self.inbox_loops + 1)]
        for name, step in self.steps.items():
            loops.append(Loop(name, lambda step=step: step(database), idle))  # type: ignore[misc]
        listener = WakeListener(database, {"inbox": crew.wake, **_wakes(loops)})
        return [*loops, *crew.loops, Loop("listener", listener.step, idle, listener.close)]


def _wakes(loops: Sequence[Loop]) -> dict[str, Callable[[], None]]:
    """By the name in a hint; "mail" means all of mail, mail-2, mail-3 ..."""
    crews: dict[str, list[Loop]] = {}
    for loop in loops:
        crews.setdefault(loop.name.partition("-")[0], []).append(loop)
    return {name: lambda crew=crew: [loop.wake() for loop in crew] for name, crew in crews.items()}  # type: ignore[misc]


class WakeListener:
    """Hears the NOTIFY that follows a commit and wakes what it names. A lost one costs a poll interval."""

    def __init__(self, database: Database, wakes: Mapping[str, Callable[[], None]]) -> None:
        self._database = database
        self._wakes = wakes
        self._held: PoolProxiedConnection | None = None

    def step(self) -> bool:
        """Waits for a hint for up to a second."""
        try:
            connection = self._listen()
            if select.select([connection], [], [], LISTEN_SECONDS)[0]:
                connection.poll()
                named = {name for hint in connection.notifies for name in hint.payload.split(",")}
                connection.notifies.clear()
                for name in named & self._wakes.keys():
                    self._wakes[name]()
        except Exception:
            self.close()
            raise
        return True

    def _listen(self) -> Any:
        if self._held is None:
            self._held = self._database.autocommit_engine.raw_connection()
            # Never back to the pool: this connection listens until it is closed.
            self._held.detach()
            connection: Any = self._held.dbapi_connection
            with connection.cursor() as cursor:
                cursor.execute(f'LISTEN "{wake_channel(self._database.service)}"')
        return self._held.dbapi_connection

    def close(self) -> None:
        """Drops the listening connection."""
        held, self._held = self._held, None
        if held is not None:
            held.close()


def run(worker: Worker) -> int:
    """Runs until SIGTERM or SIGINT; then each loop ends after its current step. Returns the exit code."""
    configure_logging(worker.service, worker.settings.log_level)
    check_wiring(worker)
    deadlines.install()
    database = Database(worker.settings.database_url(worker.service), worker.service)
    stopping = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stopping.set())
    loops = worker.loops(database)
    settle_heap()
    with HealthServer(worker.settings, database, lambda: all(loop.is_alive() for loop in loops)):
        for loop in loops:
            loop.start()
        log.info("worker runs", loops=[loop.name for loop in loops])
        broker = BrokerCheck(worker.settings, worker.service)
        while not stopping.wait(1.0) and all(loop.is_alive() for loop in loops) and not broker.has_failed():
            continue
        log.info("worker stops")
        for loop in loops:
            loop.stop()
        deadline = time.monotonic() + STOP_SECONDS
        ended = [loop.join(max(0.0, deadline - time.monotonic())) for loop in loops]
    database.close()
    return 0 if stopping.is_set() and all(ended) else 1


def check_wiring(worker: Worker) -> None:
    """Refuses to start when the handlers are not exactly what the topology sends here."""
    subscribed = set(topology.SUBSCRIPTIONS[worker.service])
    handled = set(worker.handlers.events)
    if subscribed != handled:
        names = ", ".join(sorted(cls.__name__ for cls in subscribed ^ handled))
        raise SystemExit(f"{worker.service}: subscriptions (shared/topology.py) and handlers differ: {names}")
