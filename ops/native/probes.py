"""Readiness: one question with a yes or no, asked until a deadline. Nothing here sleeps for a fixed time and hopes."""

import base64
import http.client
import socket
import time
from collections.abc import Callable
from urllib.parse import urlsplit

Probe = Callable[[], bool]
ANSWER_SECONDS = 2.0
PAUSE_SECONDS = 0.05


def http_ok(url: str, user: str = "", password: str = "") -> Probe:
    """Asks whether a GET on `url` answers 200, with basic authentication when a user is given."""
    parts = urlsplit(url)
    credentials = base64.b64encode(f"{user}:{password}".encode()).decode()
    headers = {"Authorization": f"Basic {credentials}"} if user else {}

    def ask() -> bool:
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=ANSWER_SECONDS)
        try:
            connection.request("GET", parts.path or "/", headers=headers)
            return connection.getresponse().status == http.client.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    return ask


def port_open(port: int, host: str = "127.0.0.1") -> Probe:
    """Asks whether something listens on a TCP port."""

    def ask() -> bool:
        try:
            with socket.create_connection((host, port), timeout=ANSWER_SECONDS):
                return True
        except OSError:
            return False

    return ask


def wait_until(probe: Probe, seconds: float, alive: Probe = lambda: True) -> bool:
    """True as soon as `probe` says yes; False when `seconds` are over or `alive` says no."""
    deadline = time.monotonic() + seconds
    while not probe():
        if time.monotonic() > deadline or not alive():
            return False
        time.sleep(PAUSE_SECONDS)
    return True
