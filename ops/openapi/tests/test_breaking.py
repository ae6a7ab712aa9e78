"""Which changes of the API break a client: each is made to a small document and looked for."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from ops.openapi.breaking import find_breaks

Document = dict[str, Any]
COURSE: Document = {
    "type": "object",
    "required": ["id", "title"],
    "properties": {
        "id": {"type": "string"},
        "title": {"type": "string"},
        "status": {"enum": ["draft", "published"], "type": "string"},
        "parts": {"type": "array", "items": {"$ref": "#/components/schemas/Course"}},
    },
}
INPUT: Document = {
    "type": "object",
    "required": ["title"],
    "properties": {
        "title": {"type": "string", "maxLength": 200},
        "summary": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "level": {"enum": ["easy", "hard"], "type": "string"},
    },
}
OLD: Document = {
    "paths": {
        "/courses": {
            "get": {
                "operationId": "list_courses",
                "parameters": [{"in": "query", "name": "limit", "schema": {"type": "integer", "maximum": 100}}],
                "responses": {
                    "200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Course"}}}}
                },
            },
            "post": {
                "operationId": "create_course",
                "security": [{"bearer": []}],
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/CourseCreate"}}},
                },
                "responses": {
                    "201": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Course"}}}}
                },
            },
        }
    },
    "components": {"schemas": {"Course": COURSE, "CourseCreate": INPUT}},
}
Change = Callable[[Document, Document, Document], object]


def breaks_after(change: Change) -> list[str]:
    """`change` is given the two operations' document, the answer's schema and the input's."""
    new = copy.deepcopy(OLD)
    change(
        new["paths"]["/courses"], new["components"]["schemas"]["Course"], new["components"]["schemas"]["CourseCreate"]
    )
    return find_breaks(OLD, new)


BREAKING: list[tuple[Change, str]] = [
    (lambda paths, course, body: paths.pop("post"), "POST /courses: is gone"),
    (lambda paths, course, body: paths["get"].update(operationId="list"), "is called list instead of list_courses"),
    (lambda paths, course, body: paths["get"].update(security=[{"bearer": []}]), "asks for a token now"),
    (lambda paths, course, body: paths["get"]["responses"].pop("200"), "no longer answers 200"),
    (lambda paths, course, body: paths["get"]["parameters"].clear(), "the query parameter limit is gone"),
    (lambda paths, course, body: paths["get"]["parameters"][0].update(required=True), "limit is required now"),
    (lambda paths, course, body: paths["get"]["parameters"][0]["schema"].update(maximum=50), "has a narrower maximum"),
    (lambda paths, course, body: course["properties"].pop("title"), "the answer 200 lost title"),
    (lambda paths, course, body: course["required"].remove("title"), "may come without title now"),
    (lambda paths, course, body: course["properties"]["id"].update(type="integer"), "may now be integer at id"),
    (lambda paths, course, body: course["properties"]["id"].update(type=["string", "null"]), "may now be null at id"),
    (lambda paths, course, body: body["required"].append("summary"), "the body requires summary now"),
    (lambda paths, course, body: body["properties"].pop("summary"), "the body lost summary"),
    (
        lambda paths, course, body: body["properties"].update(summary={"type": "string"}),
        "no longer takes null at summary",
    ),
    (
        lambda paths, course, body: body["properties"]["level"]["enum"].remove("hard"),
        'no longer takes the value "hard"',
    ),
    (
        lambda paths, course, body: body["properties"]["title"].update(maxLength=100),
        "has a narrower maxLength at title",
    ),
    (lambda paths, course, body: body["properties"]["title"].update(minLength=1), "has a narrower minLength at title"),
    (lambda paths, course, body: body["properties"]["title"].update(pattern="^a"), "has another pattern at title"),
    (lambda paths, course, body: body["properties"]["title"].update(enum=["a"]), "takes certain values only at title"),
]


@pytest.mark.parametrize(("change", "found"), BREAKING)
def test_what_a_client_would_trip_over_is_a_break(change: Change, found: str) -> None:
    assert any(found in line for line in breaks_after(change)), breaks_after(change)


ADDING: list[Change] = [
    lambda paths, course, body: paths.update(put={"operationId": "put", "responses": {}}),
    lambda paths, course, body: paths["get"]["parameters"].append({"in": "query", "name": "q", "schema": {}}),
    lambda paths, course, body: paths["get"]["responses"].update({"429": {"description": "x"}}),
    lambda paths, course, body: paths["post"].update(security=[]),
    lambda paths, course, body: course["properties"].update(language={"type": "string"}),
    lambda paths, course, body: course["properties"]["status"]["enum"].append("archived"),
    lambda paths, course, body: course["required"].append("status"),
    lambda paths, course, body: body["properties"].update(language={"type": "string"}),
    lambda paths, course, body: body["properties"]["level"]["enum"].append("medium"),
    lambda paths, course, body: body["properties"]["title"].update(maxLength=300),
    lambda paths, course, body: body["required"].remove("title"),
    lambda paths, course, body: body["properties"]["level"].update(type=["string", "null"]),
]


@pytest.mark.parametrize("change", ADDING)
def test_what_is_added_or_widened_is_no_break(change: Change) -> None:
    assert breaks_after(change) == []
