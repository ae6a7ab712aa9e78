"""The worker's health endpoints: a client that closes early leaves nothing in the log, and every line of it is JSON."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import IO

import httpx
import pytest

from ops.native.ports import any_free
from shared.testing import wait_until

PROGRAM = """
import sys, time
from shared.health import HealthServer
from shared.settings import Settings
from shared.telemetry import configure_logging
configure_logging("trial")

def alive():
    if len(seen) == 3:
        raise RuntimeError("cannot look")
    seen.append(True)
    return True

seen = []
with HealthServer(Settings(worker_port=int(sys.argv[1])), None, alive):
    sys.stdin.read()
raise RuntimeError("the end")
"""


@pytest.fixture
def port() -> int:
    return any_free()


@pytest.fixture
def process(port: int) -> Iterator[subprocess.Popen[str]]:
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", PROGRAM, str(port)]
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.STDOUT, text=True) as running:
        yield running
        running.kill()


def is_up(port: int) -> bool:
    with socket.socket() as asked:
        return asked.connect_ex(("127.0.0.1", port)) == 0


def test_a_client_that_closes_early_leaves_no_line_and_errors_are_json(
    port: int, process: "subprocess.Popen[str]"
) -> None:
    wait_until(lambda: is_up(port), 20, "the health server")
    for _ in range(2):
        with socket.create_connection(("127.0.0.1", port), 5) as client:
            client.sendall(b"GET /livez HTTP/1.0\r\n\r\n")
            client.recv(4)
            # RST instead of FIN: what the server writes then fails.
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    assert httpx.get(f"http://127.0.0.1:{port}/livez", trust_env=False).status_code == 200
    with pytest.raises(httpx.TransportError):
        httpx.get(f"http://127.0.0.1:{port}/livez", trust_env=False)
    lines = [json.loads(line) for line in end(process)]
    assert [line["event"] for line in lines] == ["health request failed", "uncaught error"]


def end(process: "subprocess.Popen[str]") -> list[str]:
    """The lines that the process printed until its end."""
    stdin: IO[str] | None = process.stdin
    assert stdin
    output, _ = process.communicate("")
    return output.splitlines()
