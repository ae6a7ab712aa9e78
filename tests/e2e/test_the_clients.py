"""The generated clients, through the gateway of a whole platform."""

import importlib
import subprocess
import sys
from pathlib import Path
from typing import Any

from ops.sdk import building


def test_typescript_and_python_clients_sign_in_read_and_are_refused(platform: dict[str, Any], tmp_path: Path) -> None:
    gateway, admin = platform["gateway"], platform["admin"]
    typescript = building.build_typescript(tmp_path)
    walk = ["node", "dist/walk.js", gateway, admin["email"], admin["password"]]
    walked = subprocess.run(walk, cwd=typescript, capture_output=True, text=True, timeout=60, check=False)
    assert (walked.returncode, walked.stdout) == (0, "walked\n"), walked.stderr

    sys.path.insert(0, str(building.build_python(tmp_path)))
    try:
        _walk_in_python(gateway, admin)
    finally:
        sys.path.pop(0)


def _walk_in_python(gateway: str, admin: dict[str, str]) -> None:
    with _load("client").Client(base_url=gateway) as client:
        login = _load("api.auth.login").sync
        credentials = login.__annotations__["body"](email=admin["email"], password=admin["password"])
        tokens = login(client=client, body=credentials)
        assert _load("api.courses.list_courses").sync(client=client, limit=2).items == []
        assert _load("api.courses.read_course").sync_detailed("no-such-course", client=client).status_code == 404
    with _load("client").AuthenticatedClient(base_url=gateway, token=tokens.access_token) as signed_in:
        assert _load("api.users.read_me").sync(client=signed_in).email == admin["email"]


def _load(name: str) -> Any:
    return importlib.import_module(f"academy_client.{name}")
