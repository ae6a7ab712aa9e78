"""The gateway: nginx with the very templates of the container image, rendered into the instance's own directory."""

import hashlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ops.gateway import render_templates
from ops.native.packages import find_program
from ops.native.probes import http_ok
from ops.native.program import Program
from ops.native.reach import server_user
from ops.native.versions import tree_version
from ops.places import ROOT

GATEWAY = ROOT / "gateway"
# Where Debian and most others keep nginx's own table of content types.
MIME_TYPES = "/etc/nginx/mime.types"
# Debian's libnginx-mod-http-brotli-filter.
BROTLI = Path("/usr/lib/nginx/modules/ngx_http_brotli_filter_module.so")
FRAME = """\
{modules}{user}worker_processes auto;
worker_rlimit_nofile 16384;
pcre_jit on;
daemon off;
pid {home}/nginx.pid;
error_log stderr warn;
events {{
    worker_connections 4096;
}}
http {{
    include {mime_types};
    default_type application/octet-stream;
    sendfile on;
    tcp_nopush on;
    client_body_temp_path {home}/temp/body;
    proxy_temp_path {home}/temp/proxy;
    fastcgi_temp_path {home}/temp/fastcgi;
    uwsgi_temp_path {home}/temp/uwsgi;
    scgi_temp_path {home}/temp/scgi;
    include conf.d/*.conf;
}}
"""


@dataclass(frozen=True)
class Nginx:
    """One gateway. Its workers, who give root up, must be able to enter `home` and the files directory."""

    home: Path
    port: int
    variables: Mapping[str, str]

    def program(self) -> Program:
        """How it is run."""
        version = repr([sorted(self.variables.items()), self._frame(), tree_version(GATEWAY)])
        return Program(
            name="gateway",
            argv=(
                str(find_program("nginx") or "nginx"),
                *("-p", str(self.home), "-c", str(self.home / "nginx.conf"), "-e", "stderr"),
            ),
            ready=http_ok(f"http://127.0.0.1:{self.port}/healthz"),
            cwd=self.home.parent,
            version=hashlib.sha256(version.encode()).hexdigest(),
            stop_seconds=10,
        )

    def prepare(self) -> None:
        """Writes the configuration, and copies the pages to where the workers can read them."""
        for directory in ("conf.d", "static"):
            shutil.rmtree(self.home / directory, ignore_errors=True)
        (self.home / "temp").mkdir(parents=True, exist_ok=True)
        for entered in (self.home, self.home / "temp"):
            entered.chmod(0o711)
        (self.home / "nginx.conf").write_text(self._frame())
        shutil.copytree(GATEWAY / "static", self.home / "static")
        render_templates(GATEWAY / "templates", self.home / "conf.d", self.variables)

    def _frame(self) -> str:
        user = server_user("www-data", "nginx")
        return FRAME.format(
            home=self.home,
            modules=f"load_module {BROTLI};\n" if self.variables["GATEWAY_COMPRESSION"] == "brotli" else "",
            user=f"user {user};\n" if user else "",
            mime_types=MIME_TYPES,
        )
