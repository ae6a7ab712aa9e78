"""The worker's health endpoints over HTTP: /livez, /readyz and /metrics, without a web framework in the process."""

import json
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from shared.database import Database
from shared.schema_version import schema_is_current
from shared.settings import Settings
from shared.telemetry import get_logger

log = get_logger(__name__)


class HealthServer:
    """Serves on WORKER_PORT while the context is open; 0 means no door."""

    def __init__(self, settings: Settings, database: Database, alive: Callable[[], bool]) -> None:
        self._server: ThreadingHTTPServer | None = None
        if settings.worker_port:
            handler = _handler(database, alive)
            self._server = _Server((settings.worker_host, settings.worker_port), handler)

    def __enter__(self) -> "HealthServer":
        if self._server:
            threading.Thread(target=self._server.serve_forever, name="health", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server:
            self._server.shutdown()
            self._server.server_close()


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Logs one JSON line where the standard library prints a traceback. A client that closed its connection early,
        as health checks do, is no error."""
        error = sys.exception()
        if not isinstance(error, ConnectionError):
            log.error("health request failed", error=repr(error))


def _handler(database: Database, alive: Callable[[], bool]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/metrics":
                self._answer(200, generate_latest(), CONTENT_TYPE_LATEST)
            elif self.path == "/livez":
                self._report(alive())
            elif self.path == "/readyz":
                self._report(alive() and schema_is_current(database))
            else:
                self._answer(404, b"", "text/plain")

        def _report(self, good: bool) -> None:
            body = json.dumps({"status": "ok" if good else "unavailable"}).encode()
            self._answer(200 if good else 503, body, "application/json")

        def _answer(self, status: int, body: bytes, content_type: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Health checks are not news."""

    return Handler
