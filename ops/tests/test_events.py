"""`make dead` and `make republish` by what the services answer."""

import io
import json
from typing import Any

import pytest
from rich.console import Console

from ops import events
from ops.events import Events
from ops.failure import OpsError
from ops.places import SERVICES

LOST = "01a22ea6-8400-7000-8000-00000000aaaa"
ARRIVED = "01a22ea6-8400-7000-8000-00000000bbbb"
NOBODYS = "01a22ea6-8400-7000-8000-00000000cccc"


class Services:
    """Catalog published three events; one reached all its consumers, one reached all but live."""

    def __init__(self) -> None:
        self.republished: dict[str, list[str]] = {}

    def ask(self, service: str, arguments: tuple[str, ...], words: str) -> str:
        """Answers as `python -m shared.event_admin` would."""
        command = arguments[2]
        if command == "republish":
            self.republished[service] = words.split()
            return json.dumps({"republished": len(words.split())})
        return json.dumps(getattr(self, command)(service))

    def failed(self, service: str) -> list[dict[str, Any]]:
        return []

    def published(self, service: str) -> list[dict[str, Any]]:
        if service != "catalog":
            return []
        kinds = {LOST: "CourseUpdated", ARRIVED: "CourseUpdated", NOBODYS: "LessonOpenedBySomebody"}
        return [
            {"event_id": event_id, "type": kind, "published_at": "2026-01-01T00:00:00Z"}
            for event_id, kind in kinds.items()
        ]

    def received(self, service: str) -> list[dict[str, Any]]:
        ids = [ARRIVED] if service == "live" else [ARRIVED, LOST]
        return [{"source": "catalog", "event_id": event_id} for event_id in ids]


def test_what_was_published_and_never_received_is_listed_with_the_service_that_lacks_it() -> None:
    [lost] = Events(Services().ask).failed()
    assert (lost["service"], lost["source"], lost["state"], lost["event_id"]) == (
        "live",
        "catalog",
        "not received",
        LOST,
    )


def test_republish_brings_back_what_was_never_received() -> None:
    services = Services()
    assert Events(services.ask).republish("", "2h") == {"catalog": 1}
    assert services.republished == {"catalog": [LOST]}


def test_republish_of_one_event_asks_every_publisher() -> None:
    services = Services()
    assert Events(services.ask).republish(LOST, "") == dict.fromkeys(SERVICES, 1)


def test_republish_without_a_selection_is_refused() -> None:
    with pytest.raises(OpsError, match="make republish EVENT=<id>, or SINCE=24h"):
        Events(Services().ask).republish("", "")


def test_an_id_is_never_cut_however_narrow_the_terminal() -> None:
    output = io.StringIO()
    events.show(Events(Services().ask).failed(), Console(file=output, width=40))
    assert LOST in output.getvalue()
