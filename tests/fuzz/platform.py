"""The platform that the contract is fuzzed on: all processes, behind a gateway that lets everything through."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ops.faults.places import APIS, OPEN_ACCOUNTS, OPEN_DOOR
from ops.native.platform import Platform
from tests.architecture.tree import ROOT
from tests.fuzz.school import Document, School

DOCUMENT: Document = json.loads((ROOT / "gateway" / "static" / "openapi.json").read_text())
# The fuzz says where each request comes from, as a load balancer would.
PROFILE = {"gateway": {**OPEN_DOOR, "GATEWAY_TRUSTED_PROXY": "127.0.0.1"}} | dict.fromkeys(APIS, OPEN_ACCOUNTS)


@contextmanager
def lived_in(directory: Path) -> Iterator[tuple[School, str]]:
    """A school on a platform of its own, made anew in the directory, and the gateway's address."""
    platform = Platform(directory, overrides=PROFILE)
    platform.remove()
    state: dict[str, Any] = platform.up()
    try:
        school = School(state, DOCUMENT)
        try:
            yield school, state["gateway"]
        finally:
            school.close()
    finally:
        platform.remove()
