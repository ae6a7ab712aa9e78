"""The references: the monolith, and nginx with the same bytes as static files."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from ops.bench.request import Request
from ops.native.packages import find_program
from ops.native.probes import http_ok
from ops.native.program import Program
from ops.native.reach import server_user
from ops.places import ROOT

SYNC_WORKERS = 3
# As in the configuration that nginx's packages bring: a worker a core, one log line a request, connections kept open.
SERVER = """\
{user}worker_processes auto;
worker_rlimit_nofile 16384;
daemon off;
pid {home}/nginx.pid;
error_log stderr warn;
events {{
    worker_connections 4096;
}}
http {{
    access_log /dev/stdout;
    sendfile on;
    tcp_nopush on;
    keepalive_timeout 65s;
    default_type application/json;
    client_body_temp_path {home}/temp/body;
    proxy_temp_path {home}/temp/proxy;
    fastcgi_temp_path {home}/temp/fastcgi;
    uwsgi_temp_path {home}/temp/uwsgi;
    scgi_temp_path {home}/temp/scgi;
    server {{
        listen 127.0.0.1:{port};
        root {home}/files;
    }}
}}
"""


@dataclass(frozen=True)
class Monolith:
    """ops/bench/baseline under gunicorn."""

    port: int
    database_url: str
    signing_key: Path

    @property
    def environment(self) -> dict[str, str]:
        """What its process is told."""
        told = {"DATABASE_URL": self.database_url, "SIGNING_KEY_FILE": str(self.signing_key)}
        return {"PATH": os.environ.get("PATH", ""), **told}

    def program(self) -> Program:
        """How it is run."""
        application = "ops.bench.baseline.application:create_app()"
        address = f"127.0.0.1:{self.port}"
        argv = (sys.executable, "-m", "gunicorn", "--workers", str(SYNC_WORKERS), "--bind", address, application)
        ready = http_ok(f"http://{address}/api/v1/courses")
        return Program("baseline", argv, ready, ROOT, self.environment)


@dataclass(frozen=True)
class StaticFiles:
    """nginx with files below `home`, which its workers must be able to enter."""

    home: Path
    port: int

    def put(self, name: str, body: bytes) -> Request:
        """Serves these bytes under a name; returns how to ask for them."""
        path = self.home / "files" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
        return Request(f"/{name}")

    def program(self) -> Program:
        """How it is run; writes its configuration."""
        for directory in ("temp", "files"):
            (self.home / directory).mkdir(parents=True, exist_ok=True)
        user = server_user("www-data", "nginx")
        told = {"home": self.home, "port": self.port, "user": f"user {user};\n" if user else ""}
        (self.home / "nginx.conf").write_text(SERVER.format(**told))
        self.put("ready.json", b"{}")
        argv = (str(find_program("nginx")), "-p", str(self.home), "-c", str(self.home / "nginx.conf"), "-e", "stderr")
        return Program("static", argv, http_ok(f"http://127.0.0.1:{self.port}/ready.json"), self.home)
