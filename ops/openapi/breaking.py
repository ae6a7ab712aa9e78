"""What a client of the old document could trip over in the new one. Additions are no break; see docs/api.md for what
clients promise in return (ignoring fields and values they do not know)."""

from collections.abc import Iterator
from typing import Any

from ops.openapi.schemas import Reader, Side, compare

Document = dict[str, Any]


def find_breaks(old: Document, new: Document) -> list[str]:
    """One line for each break, such as `GET /courses: the answer 200 lost items.title`, by which it can be accepted."""
    return sorted(set(_breaks(old, new)))


def _breaks(old: Document, new: Document) -> Iterator[str]:
    readers = Reader(old), Reader(new)
    for path, operations in old["paths"].items():
        for method, before in operations.items():
            after = new["paths"].get(path, {}).get(method)
            place = f"{method.upper()} {path}"
            if after is None:
                yield f"{place}: is gone"
                continue
            for what in _of_operation(before, after, readers):
                yield f"{place}: {what}"


def _of_operation(before: Document, after: Document, readers: tuple[Reader, Reader]) -> Iterator[str]:
    if before["operationId"] != after["operationId"]:
        yield f"is called {after['operationId']} instead of {before['operationId']}"
    if _is_open(before) and not _is_open(after):
        yield "asks for a token now"
    yield from _of_parameters(before, after, readers)
    yield from _of_body(before, after, readers)
    yield from _of_answers(before, after, readers)


def _is_open(operation: Document) -> bool:
    security = operation.get("security", [])
    return not security or {} in security


def _of_parameters(before: Document, after: Document, readers: tuple[Reader, Reader]) -> Iterator[str]:
    old, new = _parameters(before), _parameters(after)
    for key, parameter in new.items():
        name = f"{key[0]} parameter {key[1]}"
        if parameter.get("required") and not old.get(key, {}).get("required"):
            yield f"the {name} is required now"
        if key in old:
            found = compare(old[key].get("schema", {}), parameter.get("schema", {}), readers, Side.REQUEST)
            yield from (f"the {name} {what}" for what in found)
    yield from (f"the {key[0]} parameter {key[1]} is gone" for key in old.keys() - new.keys())


def _parameters(operation: Document) -> dict[tuple[str, str], Document]:
    return {(item["in"], item["name"]): item for item in operation.get("parameters", ())}


def _of_body(before: Document, after: Document, readers: tuple[Reader, Reader]) -> Iterator[str]:
    old, new = before.get("requestBody", {}), after.get("requestBody", {})
    if new.get("required") and not old.get("required"):
        yield "a body is required now"
    yield from _of_contents(old.get("content", {}), new.get("content", {}), "the body", readers, Side.REQUEST)


def _of_answers(before: Document, after: Document, readers: tuple[Reader, Reader]) -> Iterator[str]:
    for status, answer in before["responses"].items():
        if not status.startswith("2"):
            continue
        if status not in after["responses"]:
            yield f"no longer answers {status}"
            continue
        old, new = readers[0].follow(answer), readers[1].follow(after["responses"][status])
        name = f"the answer {status}"
        yield from _of_contents(old.get("content", {}), new.get("content", {}), name, readers, Side.ANSWER)


def _of_contents(old: Document, new: Document, name: str, readers: tuple[Reader, Reader], side: Side) -> Iterator[str]:
    for kind, content in old.items():
        if kind not in new:
            yield f"{name} is no longer {kind}"
            continue
        found = compare(content.get("schema", {}), new[kind].get("schema", {}), readers, side)
        yield from (f"{name} {what}" for what in found)
