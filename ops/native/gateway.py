"""The gateway's variables for one machine, where they differ from the defaults in ops/gateway.py."""

from collections.abc import Mapping
from pathlib import Path

from ops.gateway import DEFAULTS
from ops.native.nginx import BROTLI
from ops.places import SERVICES

# Front ends under development, on the ports that their tools take by default.
FRONT_ENDS = "http://localhost:3000 http://localhost:4200 http://localhost:5173"


def variables(home: Path, files: Path, ports: Mapping[str, int]) -> dict[str, str]:
    """Each variable with its value; `home` is nginx' directory, `files` holds the uploads."""
    public_url = f"http://localhost:{ports['gateway']}"
    upstreams = {f"{service.upper()}_UPSTREAM": f"127.0.0.1:{ports[f'{service}-api']}" for service in SERVICES}
    return {
        **DEFAULTS,
        **upstreams,
        "PUBLIC_URL": public_url,
        "FILES_ROOT": str(files),
        "CORS_ORIGINS": f"{public_url} {FRONT_ENDS}",
        "GATEWAY_LISTEN": f"127.0.0.1:{ports['gateway']}",
        "GATEWAY_COMPRESSION": "brotli" if BROTLI.exists() else "gzip",
        "GATEWAY_REFILL": f"127.0.0.1:{ports['gateway:refill']}",
        "GATEWAY_CACHE": str(home / "temp"),
        "GATEWAY_STATIC": str(home / "static"),
        "GATEWAY_ACCESS_LOG": "/dev/stdout",
    }
