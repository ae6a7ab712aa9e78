"""A real nginx with the real templates on a port of its own, and a client that sends exactly what a test wrote."""

import http.client
import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ops.gateway import DEFAULTS, render_templates
from ops.native.nginx import BROTLI

GATEWAY = Path(__file__).resolve().parent.parent
MAIN = """
{modules}
worker_processes 2;
worker_rlimit_nofile 16384;
daemon off;
error_log {home}/error.log warn;
pid {home}/nginx.pid;
events {{ worker_connections 8192; }}
http {{
    client_body_temp_path {home}/bodies;
    proxy_temp_path {home}/answers;
    fastcgi_temp_path {home}/fastcgi;
    scgi_temp_path {home}/scgi;
    uwsgi_temp_path {home}/uwsgi;
    include conf.d/*.conf;
}}
"""


@dataclass(frozen=True)
class Answer:
    """Status, headers with lower-case names (repeated ones joined by ", ") and body."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Door:
    """Where the gateway listens and what it leaves behind."""

    port: int
    home: Path

    def ask(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        source: str = "127.0.0.1",
    ) -> Answer:
        """One request with the target exactly as given, from a local address of choice."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10, source_address=(source, 0))
        connection.putrequest(method, target, skip_host="Host" in (headers or {}), skip_accept_encoding=True)
        for name, value in (headers or {}).items():
            connection.putheader(name, value)
        if body or method in {"POST", "PUT", "PATCH"}:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body or None)
        with closing(connection):
            return _read(http.client.HTTPResponse(connection.sock, method=method))

    def send(self, raw: bytes) -> Answer:
        """The answer to bytes that may not even be HTTP."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            connection.sendall(raw)
            return _read(http.client.HTTPResponse(connection))

    def logged(self, request_id: str) -> dict[str, Any]:
        """The access log's line about a request; it is written shortly after the answer."""
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            lines = [json.loads(line) for line in (self.home / "access.log").read_text().splitlines()]
            if found := [line for line in lines if line["request_id"] == request_id]:
                return dict(found[0])
            time.sleep(0.02)
        raise TimeoutError(f"no line about {request_id}")


def _read(response: http.client.HTTPResponse) -> Answer:
    response.begin()
    headers: dict[str, str] = {}
    for name, value in response.getheaders():
        headers[name.lower()] = f"{headers[name.lower()]}, {value}" if name.lower() in headers else value
    answer = Answer(response.status, headers, response.read())
    response.close()
    return answer


@contextmanager
def open_door(home: Path, upstreams: Mapping[str, str], **changes: str) -> Iterator[Door]:
    """Starts nginx in `home` in front of `upstreams` (service: host:port); `changes` are template variables."""
    port = free_port()
    variables = {
        **DEFAULTS,
        **{f"{name.upper()}_UPSTREAM": address for name, address in upstreams.items()},
        "FILES_ROOT": str(home / "files"),
        "GATEWAY_ACCESS_LOG": str(home / "access.log"),
        "GATEWAY_CACHE": str(home),
        "GATEWAY_LISTEN": f"127.0.0.1:{port}",
        "GATEWAY_REFILL": f"127.0.0.1:{free_port()}",
        "GATEWAY_STATIC": str(GATEWAY / "static"),
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        **changes,
    }
    render_templates(GATEWAY / "templates", home / "conf.d", variables)
    modules = f"load_module {BROTLI};" if variables["GATEWAY_COMPRESSION"] == "brotli" else ""
    (home / "nginx.conf").write_text(MAIN.format(home=home, modules=modules))
    # As root, nginx's worker becomes another user, who must be able to read the files and to write the bodies.
    home.chmod(0o755)
    command = [shutil.which("nginx") or "/usr/sbin/nginx", "-p", str(home), "-c", str(home / "nginx.conf")]
    checked = subprocess.run([*command, "-t"], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr
    with (home / "stderr.log").open("wb") as errors:
        nginx = subprocess.Popen(command, stderr=errors)
    try:
        _wait_for(port)
        yield Door(port, home)
    finally:
        nginx.terminate()
        nginx.wait(10)


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError(f"nginx does not listen on {port}")
