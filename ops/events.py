"""`make dead`, `make replay`, `make republish`: what is stuck in the events of the six services, and its repair.

Each service is asked on the command line inside of its own worker, so neither the gateway nor a web sign-in is needed.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from rich.console import Console
from rich.table import Table

from ops.failure import OpsError
from ops.places import SERVICES
from shared.topology import SUBSCRIPTIONS

AGES = {"m": "minutes", "h": "hours", "d": "days"}
PROGRAM = "shared.event_admin"
DAY = "24h"
NOT_RECEIVED = "published, but never received: make republish EVENT=<event>"
COLUMNS = ("service", "state", "since", "type", "event_id", "attempts", "reason")

# (service, arguments, standard input) -> standard output of a program in the service's worker.
Ask = Callable[[str, tuple[str, ...], str], str]


class Events:
    """The operator's view of all services' events. `ask` runs a program in a service's worker."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def failed(self, since: str = DAY) -> list[dict[str, Any]]:
        """Everything stuck, with its service, newest first within each; last, what was published since then and never
        received."""
        stuck = [{"service": service, **item} for service in SERVICES for item in self._call(service, "failed")]
        return stuck + self.never_received(since)

    def never_received(self, since: str = DAY) -> list[dict[str, Any]]:
        """What was published since then, and longer ago than a minute, and is in no inbox of a service that asked for
        it. `service` is the one that lacks it."""
        start = moment(since)
        published = {source: self._call(source, "published", "--since", start) for source in SERVICES}
        lacking = []
        for service in SERVICES:
            received = {
                (item["source"], item["event_id"]) for item in self._call(service, "received", "--since", start)
            }
            wanted = {(source, event.__name__) for event in SUBSCRIPTIONS[service] for source in event.publishers()}
            lacking += [
                {
                    "service": service, "state": "not received", "source": source, "event_id": item["event_id"],
                    "type": item["type"], "attempts": 1, "reason": NOT_RECEIVED, "since": item["published_at"],
                }
                for source in SERVICES
                for item in published[source]
                if (source, item["type"]) in wanted and (source, item["event_id"]) not in received
            ]  # fmt: skip
        return lacking

    def replay(self, event: str, kind: str, since: str) -> dict[str, int]:
        """Makes the selected parked events due again; how many per service. Raises OpsError when nothing is named."""
        options = {"--event": event, "--type": kind, "--since": moment(since) if since else ""}
        chosen = [part for name, value in options.items() if value for part in (name, value)]
        if not chosen:
            raise OpsError("Nothing to replay was named.", "make replay EVENT=<id>, or TYPE=<name> and/or SINCE=2h")
        return {service: self._call(service, "replay", *chosen)["replayed"] for service in SERVICES}

    def republish(self, event: str, since: str) -> dict[str, int]:
        """Publishes again one event, or everything that was published since then and never received; how many per
        publisher. Raises OpsError when nothing is named."""
        if not event and not since:
            raise OpsError("Nothing to republish was named.", "make republish EVENT=<id>, or SINCE=24h")
        lost: dict[str, set[str]] = {service: {event} if event else set() for service in SERVICES}
        for item in [] if event else self.never_received(since):
            lost[item["source"]].add(item["event_id"])
        return {
            source: self._call(source, "republish", words="\n".join(sorted(ids)))["republished"]
            for source, ids in lost.items()
            if ids
        }

    def _call(self, service: str, *arguments: str, words: str = "") -> Any:
        answer = self._ask(service, (PROGRAM, service, *arguments), words)
        try:
            return json.loads(answer)
        except ValueError as error:
            raise OpsError(f"{service} gave no answer: {answer[:200]}", "make status, make logs") from error


def moment(since: str) -> str:
    """RFC 3339 as it is, or an age such as 90m, 2h, 7d. Raises OpsError for anything else."""
    if since[-1:] in AGES and since[:-1].isdigit():
        return (datetime.now(UTC) - timedelta(**{AGES[since[-1]]: int(since[:-1])})).isoformat()
    try:
        return datetime.fromisoformat(since).astimezone(UTC).isoformat()
    except ValueError as error:
        raise OpsError(f"{since!r} is no time.", "SINCE=2h, or SINCE=2030-01-31T12:00:00Z") from error


def show(failed: list[dict[str, Any]], console: Console) -> None:
    """A table of what is stuck. Ids are never cut, however narrow the terminal: make replay needs them whole."""
    if not failed:
        console.print("Nothing is stuck.")
        return
    table = Table(box=None)
    for name in COLUMNS:
        table.add_column(name, overflow="fold", no_wrap=name in ("event_id", "since"))
    for item in failed:
        table.add_row(*(str(item[name] if item[name] is not None else "")[:200] for name in COLUMNS))
    # Wide enough for all columns: a pipe has 80 characters by default.
    Console(file=console.file, width=max(console.width, 200), highlight=False).print(table)
    console.print("make replay EVENT=<event>, or TYPE=<type>, or SINCE=<2h>; make republish SINCE=24h", style="dim")
