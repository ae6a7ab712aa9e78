"""Where an answer points: to the next page, and to what replaces a route that will go."""

from typing import Any
from uuid import uuid4

from shared.testing import Harness


def test_the_link_header_walks_through_all_pages_at_the_public_address(things: Harness) -> None:
    caller, name = things.caller(), f"a & b {uuid4()}"
    made = [caller.post("/things", json={"name": name}).json()["id"] for _ in range(5)]
    answer: Any = things.client.get("/things", params={"name": name, "limit": 2})
    seen = [item["id"] for item in answer.json()["items"]]
    while next_page := answer.links.get("next"):
        public_url = things.app.state.settings.public_url
        assert next_page["url"].startswith(f"{public_url}/things?")
        answer = things.client.get(next_page["url"].removeprefix(public_url))
        seen += [item["id"] for item in answer.json()["items"]]
    assert seen == made
    assert answer.json()["next_cursor"] is None


def test_a_route_that_will_go_says_since_when_until_when_and_what_replaces_it(things: Harness) -> None:
    caller, name = things.caller(), str(uuid4())
    for _ in range(2):
        caller.post("/things", json={"name": name})
    answer = things.client.get("/things/first", params={"name": name, "limit": 1})
    assert answer.headers["Deprecation"] == "@1798761600"
    assert answer.headers["Sunset"] == "Thu, 01 Jul 2027 00:00:00 GMT"
    assert answer.links["successor-version"]["url"] == "/things"
    assert "cursor=" in answer.links["next"]["url"], "the link to the next page stands beside it"
    assert "Deprecation" not in things.client.get("/things", params={"name": name}).headers


def test_the_openapi_document_marks_it(things: Harness) -> None:
    paths = things.client.get("/openapi.json").json()["paths"]
    assert paths["/things/first"]["get"]["deprecated"] is True
    assert "deprecated" not in paths["/things"]["get"]
