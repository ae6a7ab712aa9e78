"""`make dead` and `make replay`: what is stuck in the events of the six services, over the API as an admin would."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

from ops.failure import OpsError
from ops.places import SERVICES

AGES = {"m": "minutes", "h": "hours", "d": "days"}


class Events:
    """The admin's view of all services' events. `state` is what the platform says of itself."""

    def __init__(self, state: dict[str, Any]) -> None:
        self._http = httpx.Client(base_url=state["gateway"], timeout=30, trust_env=False)
        credentials = {"email": state["admin"]["email"], "password": state["admin"]["password"]}
        token = self._call("POST", "/api/v1/auth/login", credentials)["access_token"]
        self._http.headers["Authorization"] = f"Bearer {token}"

    def __enter__(self) -> "Events":
        return self

    def __exit__(self, *raised: object) -> None:
        self._http.close()

    def troubles(self) -> list[dict[str, Any]]:
        """Everything stuck, with its service, newest first within each."""
        return [
            {"service": service, **item}
            for service in SERVICES
            for item in self._call("GET", f"/api/v1/admin/events/{service}")["items"]
        ]

    def replay(self, event: str, kind: str, since: str) -> dict[str, int]:
        """Makes the selected parked events due again; how many per service. Raises OpsError when nothing is named."""
        selection = {"event_id": event or None, "type": kind or None, "since": moment(since) if since else None}
        if not any(selection.values()):
            raise OpsError("Nothing to replay was named.", "make replay EVENT=<id>, or TYPE=<name> and/or SINCE=2h")
        return {
            service: self._call("POST", f"/api/v1/admin/events/{service}/replay", selection)["replayed"]
            for service in SERVICES
        }

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        try:
            answer = self._http.request(method, path, json=body)
        except httpx.HTTPError as error:
            raise OpsError(f"The gateway does not answer: {error}", "make up") from error
        if answer.is_error:
            raise OpsError(f"{method} {path}: {answer.status_code} {answer.text}", "make status, make logs")
        return answer.json()


def moment(since: str) -> str:
    """RFC 3339 as it is, or an age such as 90m, 2h, 7d. Raises OpsError for anything else."""
    if since[-1:] in AGES and since[:-1].isdigit():
        return (datetime.now(UTC) - timedelta(**{AGES[since[-1]]: int(since[:-1])})).isoformat()
    try:
        return datetime.fromisoformat(since).astimezone(UTC).isoformat()
    except ValueError as error:
        raise OpsError(f"{since!r} is no time.", "SINCE=2h, or SINCE=2030-01-31T12:00:00Z") from error


def show(troubles: list[dict[str, Any]], console: Console) -> None:
    """A table of what is stuck."""
    if not troubles:
        console.print("Nothing is stuck.")
        return
    table = Table("service", "state", "since", "type", "event", "tries", "reason", box=None)
    for item in troubles:
        row = (item[name] for name in ("service", "state", "since", "type", "event_id", "attempts", "reason"))
        table.add_row(*(str(value or "")[:120] for value in row))
    console.print(table)
    console.print("make replay EVENT=<event>, or TYPE=<type>, or SINCE=<2h>", style="dim")
