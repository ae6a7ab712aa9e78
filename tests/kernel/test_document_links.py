"""The links of an OpenAPI document: whoever follows them gets where they say."""

from typing import Any
from uuid import uuid4

from shared.testing import Harness


def links_of(things: Harness, method: str, path: str, status: str) -> dict[str, Any]:
    """What the document says that an answer leads to."""
    operation = things.client.get("/openapi.json").json()["paths"][path][method]
    found: dict[str, Any] = operation["responses"][status]["links"]
    return found


def follow(things: Harness, link: dict[str, Any], answer: Any, **options: Any) -> Any:
    """The answer of where the link leads, for an answer of where it comes from."""
    paths = things.client.get("/openapi.json").json()["paths"]
    [(method, path)] = [
        (method, path)
        for path, methods in paths.items()
        for method, operation in methods.items()
        if operation["operationId"] == link["operationId"]
    ]
    values = {
        name: answer.headers[where.rpartition(".")[2]] if "header" in where else answer.json()[where.rpartition("/")[2]]
        for name, where in link["parameters"].items()
    }
    if "If-Match" in values:
        options["headers"] = {"If-Match": values.pop("If-Match")}
    return things.caller().request(method.upper(), path.format(**values), **options)


def test_who_makes_a_thing_is_led_to_reading_and_to_changing_it_again_and_again(things: Harness) -> None:
    made = things.caller().post("/things", json={"name": str(uuid4())})
    links = links_of(things, "post", "/things", "201")
    assert links.keys() == {"read_thing", "rename_thing", "read_hot_thing", "renew_hot_thing"}
    assert follow(things, links["read_thing"], made).json() == made.json()
    renamed = follow(things, links["rename_thing"], made, json={"name": "first"})
    again = links_of(things, "patch", "/things/{thing_id}", "200")
    assert follow(things, again["rename_thing"], renamed, json={"name": "second"}).json()["version"] == 3
    assert follow(things, again["rename_thing"], renamed, json={"name": "third"}).status_code == 412


def test_who_reads_a_thing_is_led_to_changing_what_was_read(things: Harness) -> None:
    made = things.caller().post("/things", json={"name": str(uuid4())})
    read = things.client.get(f"/things/{made.json()['id']}")
    links = links_of(things, "get", "/things/{thing_id}", "200")
    assert follow(things, links["rename_thing"], read, json={"name": "read before"}).status_code == 200
    assert "links" not in things.client.get("/openapi.json").json()["paths"]["/things"]["get"]["responses"]["200"]


def test_an_answer_that_has_no_etag_promises_none(things: Harness) -> None:
    made = things.caller().post("/secrets", json={"name": str(uuid4())})
    assert "etag" not in made.headers
    links = links_of(things, "post", "/secrets", "200")
    assert links["rename_thing"]["parameters"] == {"thing_id": "$response.body#/id"}
