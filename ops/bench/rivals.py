"""The references: the monolith, and nginx with the same bytes as static files."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from ops.bench.load import Request
from ops.native.nginx import FRAME, MIME_TYPES
from ops.native.packages import find_program
from ops.native.probes import http_ok
from ops.native.program import Program
from ops.native.reach import server_user
from ops.places import ROOT

SYNC_WORKERS = 3
# As in the configuration that nginx's packages bring: one log line a request, connections kept open.
SERVER = """\
access_log /dev/stdout;
keepalive_timeout 65s;
server {{
    listen 127.0.0.1:{port};
    root {root};
    default_type application/json;
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
        for directory in ("conf.d", "temp", "files"):
            (self.home / directory).mkdir(parents=True, exist_ok=True)
        user = server_user("www-data", "nginx")
        frame = FRAME.format(home=self.home, user=f"user {user};\n" if user else "", mime_types=MIME_TYPES)
        (self.home / "nginx.conf").write_text(frame)
        (self.home / "conf.d" / "files.conf").write_text(SERVER.format(port=self.port, root=self.home / "files"))
        self.put("ready.json", b"{}")
        argv = (str(find_program("nginx")), "-p", str(self.home), "-c", str(self.home / "nginx.conf"), "-e", "stderr")
        return Program("static", argv, http_ok(f"http://127.0.0.1:{self.port}/ready.json"), self.home)
