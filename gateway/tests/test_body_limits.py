"""The gateway takes as long a body as each operation of a service does, and hardly more."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from fastapi.routing import APIRoute

from gateway.tests.door import Door
from ops.openapi.documents import applications
from shared.routing import AcademyRoute

KB, MB = 1 << 10, 1 << 20
# What the gateway's locations are limited to, in bytes.
CLASSES = (16 * KB, 64 * KB, 512 * KB, 640 * KB, 5 * MB, 101 * MB)
SIGNED = "Authorization: Bearer t\r\n"


@dataclass(frozen=True)
class Limited:
    """An operation, its limit in its service, and the class that it should be in at the gateway."""

    method: str
    path: str
    limit: int

    @property
    def at_the_gateway(self) -> int:
        return next(size for size in CLASSES if size >= self.limit)

    def head(self, length: str) -> bytes:
        return f"{self.method} {self.path} HTTP/1.1\r\nHost: localhost\r\n{SIGNED}{length}\r\n\r\n".encode()


@pytest.fixture(scope="module")
def operations(tmp_path_factory: pytest.TempPathFactory) -> list[Limited]:
    return list(changing_operations(tmp_path_factory))


def changing_operations(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Limited]:
    for app in applications(tmp_path_factory.mktemp("files")).values():
        for route in app.routes:
            if isinstance(route, AcademyRoute) and isinstance(route, APIRoute) and route.include_in_schema:
                (method,) = route.methods or {"GET"}
                path = route.path_format.format(**dict.fromkeys(route.param_convertors, "1"))
                if method in {"POST", "PUT", "PATCH"}:
                    yield Limited(method, path, route.body_limit)


def test_a_body_of_the_services_limit_passes(door: Door, operations: list[Limited]) -> None:
    assert len(operations) > 70
    for operation in operations:
        if operation.limit <= 5 * MB:
            signed = {"Authorization": "Bearer t"}
            answer = door.ask(operation.method, operation.path, headers=signed, body=b"x" * operation.limit)
            assert (answer.status, answer.json.get("body_bytes")) == (200, operation.limit), operation


def test_a_body_over_the_class_of_the_operation_is_413(door: Door, operations: list[Limited]) -> None:
    for operation in operations:
        announced = door.send(operation.head(f"Content-Length: {operation.at_the_gateway + 1}"))
        assert announced.status == 413, operation
        assert announced.json["type"] == "urn:academy:problem:content-too-large"
        if operation.limit < MB:
            chunk = b"%x\r\n%b\r\n" % (operation.at_the_gateway + 1, b"x" * (operation.at_the_gateway + 1))
            chunked = door.send(operation.head("Transfer-Encoding: chunked") + chunk + b"0\r\n\r\n")
            assert chunked.status == 413, operation
