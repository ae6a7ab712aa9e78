"""Whether a schema still takes, or still gives, what it did before."""

import json
from collections.abc import Iterator
from enum import Enum
from typing import Any

Schema = dict[str, Any]
# A limit, and whether a larger value of it lets more through.
LIMITS = {
    "maxLength": True,
    "maximum": True,
    "exclusiveMaximum": True,
    "maxItems": True,
    "minLength": False,
    "minimum": False,
    "exclusiveMinimum": False,
    "minItems": False,
}


class Side(Enum):
    """Who writes it: what is asked may be widened, what is answered may be narrowed."""

    REQUEST = "request"
    ANSWER = "answer"


class Reader:
    """Follows the references of one document."""

    def __init__(self, document: Schema) -> None:
        self._document = document

    def follow(self, schema: Schema) -> Schema:
        """What it refers to, at the end of the chain."""
        while "$ref" in schema:
            found: Any = self._document
            for step in schema["$ref"].removeprefix("#/").split("/"):
                found = found[step]
            schema = found
        return schema

    def alternatives(self, schema: Schema) -> dict[str, Schema]:
        """By a name for each, the shapes that fit: types, `null` among them, and the variants of an anyOf or oneOf."""
        schema = self.follow(schema)
        variants = schema.get("anyOf") or schema.get("oneOf")
        if variants:
            return {name: shape for variant in variants for name, shape in self.alternatives(variant).items()}
        kinds = schema.get("type", "anything")
        kinds = kinds if isinstance(kinds, list) else [kinds]
        return {_name(kind, schema): schema for kind in kinds}


def _name(kind: str, schema: Schema) -> str:
    """Objects of a union are told apart by their title."""
    return f"{kind} {schema['title']}" if kind == "object" and "title" in schema else kind


def compare(
    old: Schema, new: Schema, readers: tuple[Reader, Reader], side: Side, place: str = "", depth: int = 0
) -> Iterator[str]:
    """What breaks, each as the end of a sentence. Shapes that contain themselves are followed eight steps deep."""
    before, after = readers[0].alternatives(old), readers[1].alternatives(new)
    if len(before) == len(after) == 1:
        # One shape each: a new title alone is no new shape.
        before = {name.partition(" ")[0]: shape for name, shape in before.items()}
        after = {name.partition(" ")[0]: shape for name, shape in after.items()}
    at = f" at {place}" if place else ""
    if side is Side.REQUEST:
        yield from (f"no longer takes {name}{at}" for name in before.keys() - after.keys() if "anything" not in after)
    else:
        yield from (f"may now be {name}{at}" for name in after.keys() - before.keys() if "anything" not in before)
    for name in before.keys() & after.keys():
        yield from _compare_values(before[name], after[name], side, at)
        if depth < 8:
            yield from _compare_parts(before[name], after[name], readers, side, (place, depth + 1))


def _compare_values(old: Schema, new: Schema, side: Side, at: str) -> Iterator[str]:
    if side is Side.ANSWER:
        return
    for value in _values(old) - _values(new) if _values(new) else ():
        yield f"no longer takes the value {value}{at}"
    if _values(new) and not _values(old):
        yield f"takes certain values only{at}"
    for limit, larger_is_wider in LIMITS.items():
        if limit in new and _is_narrower(old.get(limit), new[limit], larger_is_wider):
            yield f"has a narrower {limit}{at}"
    for rule in ("pattern", "format"):
        if rule in new and new[rule] != old.get(rule):
            yield f"has another {rule}{at}"


def _is_narrower(old: float | None, new: float, larger_is_wider: bool) -> bool:
    if old is None:
        return True
    return new < old if larger_is_wider else new > old


def _values(schema: Schema) -> set[str]:
    values = schema.get("enum", [schema["const"]] if "const" in schema else [])
    return {json.dumps(value) for value in values}


def _compare_parts(
    old: Schema, new: Schema, readers: tuple[Reader, Reader], side: Side, where: tuple[str, int]
) -> Iterator[str]:
    place, depth = where
    if "items" in old and "items" in new:
        yield from compare(old["items"], new["items"], readers, side, f"{place}[]", depth)
    before, after = old.get("properties", {}), new.get("properties", {})
    needed_before, needed_after = set(old.get("required", ())), set(new.get("required", ()))
    prefix = f"{place}." if place else ""
    for name in before.keys() - after.keys():
        yield f"lost {prefix}{name}"
    if side is Side.REQUEST:
        yield from (f"requires {prefix}{name} now" for name in needed_after - needed_before)
    else:
        lost = (needed_before - needed_after) & after.keys()
        yield from (f"may come without {prefix}{name} now" for name in lost)
    for name in before.keys() & after.keys():
        yield from compare(before[name], after[name], readers, side, f"{prefix}{name}", depth)
