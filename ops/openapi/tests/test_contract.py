"""The committed document: what it holds, and what the check says when it is not the code's or breaks its promise."""

import json
from pathlib import Path
from typing import Any

import pytest

from ops.failure import OpsError
from ops.openapi import contract
from ops.openapi.merging import merge


@pytest.fixture
def committed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A freshly released document in a folder of its own; `check` looks at what is written there."""
    monkeypatch.setattr(contract, "ROOT", tmp_path)
    for name in ("PRESENT", "RELEASED", "ACCEPTED"):
        monkeypatch.setattr(contract, name, tmp_path / f"{name}.json")
    contract.release()
    document: dict[str, Any] = json.loads((tmp_path / "PRESENT.json").read_text())
    return document


def test_a_document_of_another_day_is_refused(committed: dict[str, Any]) -> None:
    contract.check()
    contract.PRESENT.write_text(json.dumps(committed))
    with pytest.raises(OpsError, match="not what the code says"):
        contract.check()


def test_a_break_is_refused_until_its_reason_is_written_down(committed: dict[str, Any]) -> None:
    committed["paths"]["/api/v1/gone"] = {"get": {"operationId": "gone", "responses": {}}}
    contract.RELEASED.write_text(json.dumps(committed))
    with pytest.raises(OpsError, match="GET /api/v1/gone: is gone"):
        contract.check()
    contract.ACCEPTED.write_text(json.dumps({"GET /api/v1/gone: is gone": ""}))
    with pytest.raises(OpsError, match="breaks its clients"):
        contract.check()
    contract.ACCEPTED.write_text(json.dumps({"GET /api/v1/gone: is gone": "nobody called it"}))
    contract.check()
    contract.release()
    contract.check()


def test_an_accepted_break_that_is_none_is_taken_out(committed: dict[str, Any]) -> None:
    contract.ACCEPTED.write_text(json.dumps({"GET /api/v1/courses: is gone": "a plan"}))
    with pytest.raises(OpsError, match="breaks that are none"):
        contract.check()


def test_every_operation_tells_what_the_gateway_may_answer(committed: dict[str, Any]) -> None:
    assert committed["openapi"].startswith("3.1")
    responses = committed["components"]["responses"]
    for operations in committed["paths"].values():
        for operation in operations.values():
            assert {"429", "502", "503", "504"} <= operation["responses"].keys()
            assert "413" in operation["responses"] or "requestBody" not in operation
            asks = {parameter["in"] for parameter in operation.get("parameters", ())} & {"path", "query"}
            assert "414" in operation["responses"] or not asks
    assert {"Retry-After", "RateLimit", "RateLimit-Policy"} <= responses["TooManyRequests"]["headers"].keys()
    assert list(responses["ServiceTimeout"]["content"]) == ["application/problem+json"]


def test_one_name_for_two_things_is_refused() -> None:
    def document(kind: str) -> dict[str, Any]:
        return {"paths": {}, "components": {"schemas": {"Money": {"type": kind}}}}

    assert merge({"a": document("object"), "b": document("object")}, "1")["components"]["schemas"]["Money"]
    with pytest.raises(ValueError, match="Money"):
        merge({"a": document("object"), "b": document("string")}, "1")
