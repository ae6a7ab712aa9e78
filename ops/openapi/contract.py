"""The committed documents: the present one, the one clients were last promised, and the breaks that were decided."""

import json
from typing import Any

from ops.failure import OpsError
from ops.openapi.breaking import find_breaks
from ops.openapi.documents import service_documents
from ops.openapi.merging import merge
from ops.places import ROOT

Document = dict[str, Any]
VERSION = "1"
# Served by the gateway as /openapi.json.
PRESENT = ROOT / "gateway" / "static" / "openapi.json"
RELEASED = ROOT / "gateway" / "contract" / "released.json"
# Break: why it was decided. Emptied by a release.
ACCEPTED = ROOT / "gateway" / "contract" / "accepted_breaks.json"


def write() -> None:
    """Brings the present document up to date with the code."""
    PRESENT.write_text(_text(merge(service_documents(), VERSION)))


def release() -> None:
    """Promises the present document to clients: later changes are compared with it."""
    write()
    RELEASED.write_text(PRESENT.read_text())
    ACCEPTED.write_text(_text({}))


def check() -> None:
    """Raises OpsError when the committed document is not the code's, or breaks what was promised."""
    if PRESENT.read_text() != _text(merge(service_documents(), VERSION)):
        raise OpsError(f"{PRESENT.relative_to(ROOT)} is not what the code says.", "make openapi, and commit it")
    accepted = json.loads(ACCEPTED.read_text())
    breaks = find_breaks(json.loads(RELEASED.read_text()), json.loads(PRESENT.read_text()))
    if new := [found for found in breaks if not accepted.get(found)]:
        raise OpsError(
            "The API breaks its clients:\n  " + "\n  ".join(new),
            f"add what is new beside what is old, or write the line and its reason into {ACCEPTED.relative_to(ROOT)}",
        )
    if stale := sorted(accepted.keys() - set(breaks)):
        raise OpsError("Accepted breaks that are none:\n  " + "\n  ".join(stale), f"take them out of {ACCEPTED.name}")


def _text(document: Document) -> str:
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"
