"""Examples for the OpenAPI document, put together from those of the fields.

A field whose name says nothing about what fits says it itself: `Field(examples=[...])`.
"""

from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]
BY_FORMAT = {
    "uuid": "0198c5e2-7d3a-7b40-9c55-2f6d1c0a9e41",
    "date-time": "2026-11-22T18:33:50Z",
    "date": "2026-11-22",
    "email": "ada@example.com",
    "password": "violet otter parade 71",
    "uri": "https://academy.example",
    "binary": "...",
}
BY_NAME = {
    "amount": 4900,
    "body": "Chapter 3 is out. Have fun!",
    "content": "# Reading a file\n\nPython opens files with `open`.",
    "content_html": "<h1>Reading a file</h1>\n<p>Python opens files with <code>open</code>.</p>",
    "course_slug": "practical-python",
    "course_title": "Practical Python",
    "currency": "USD",
    "description": "From the first line to a *finished* program.",
    "description_html": "<p>From the first line to a <em>finished</em> program.</p>",
    "email": "ada@example.com",
    "language": "en",
    "learner_name": "Ada Lovelace",
    "name": "Ada Lovelace",
    "next_cursor": "WyIwMTk4YzVlMi03ZDNhLTdiNDAtOWM1NS0yZjZkMWMwYTllNDEiXQ",  # pragma: allowlist secret, a cursor
    "roles": "student",
    "slug": "practical-python",
    "summary": "Data work with Python, from zero.",
    "time_zone": "Europe/Berlin",
    "title": "Practical Python",
}
BY_TYPE: dict[str, Any] = {"boolean": False, "number": 1, "null": None}


def example_of(schema: Schema, schemas: Schema, name: str = "", above: tuple[str, ...] = ()) -> Any:
    """A value that the schema allows, as JSON data; `schemas` are the document's components, `name` is the field's."""
    if ref := schema.get("$ref"):
        # A thing that contains its own kind is shown one level deep.
        return None if ref in above else example_of(schemas[ref.rsplit("/", 1)[-1]], schemas, name, (*above, ref))
    if given := schema.get("examples"):
        return given[0]
    for variants in (schema.get("anyOf"), schema.get("oneOf"), schema.get("allOf")):
        if variants:
            return example_of(next(v for v in variants if v.get("type") != "null"), schemas, name, above)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    return _of_type(schema, schemas, name, above)


def _words(name: str, schema: Schema) -> str:
    words = name.replace("_", " ")
    repeated = " ".join([words] * (1 + schema.get("minLength", 0) // (len(words) + 1)))
    return repeated[: schema.get("maxLength")]


def _of_type(schema: Schema, schemas: Schema, name: str, above: tuple[str, ...]) -> Any:
    kind = schema.get("type")
    if kind == "object":
        fields = schema.get("properties", {}).items()
        return {field: example_of(inner, schemas, field, above) for field, inner in fields}
    if kind == "array":
        return [example_of(schema["items"], schemas, name, above)]
    if kind == "integer":
        return BY_NAME.get(name, int(max(1, schema.get("minimum", 1))))
    if kind == "string":
        return BY_FORMAT.get(schema.get("format", "")) or BY_NAME.get(name) or _words(name, schema)
    return BY_TYPE.get(kind or "", {})
