"""G3: the rendered configuration under gixy, an analyser of nginx configurations for security."""

import json
import subprocess
import sys
from pathlib import Path

from gateway.tests.door import free_port, open_door
from gateway.tests.far_end import SERVICES
from gateway.tests.test_tls import write_certificate


def test_gixy_finds_nothing_of_medium_severity_or_worse(home: Path) -> None:
    place = home / "analysed"
    place.mkdir()
    certificate, key = write_certificate(place)
    # As compose runs it, with everything on that can be.
    changes = {
        "CORS_ORIGINS": "https://app.academy.example",
        "GATEWAY_TLS": "on",
        "GATEWAY_TLS_CERTIFICATE_PATH": str(certificate),
        "GATEWAY_TLS_KEY_PATH": str(key),
        "GATEWAY_TLS_LISTEN": f"127.0.0.1:{free_port()}",
        "GATEWAY_UPSTREAMS": "resolved",
        "NGINX_RESOLVER": "127.0.0.1:53",
        "PUBLIC_URL": "https://localhost",
    }
    with open_door(place, {name: f"{name}.test:8000" for name in SERVICES}, **changes):
        command = [str(Path(sys.executable).parent / "gixy"), "-ll", "-f", "json", str(place / "nginx.conf")]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert [(found["plugin"], found["reason"]) for found in json.loads(done.stdout)] == [], done.stderr
