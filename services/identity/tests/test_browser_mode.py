"""Browser mode: both secrets in cookies that no script reads and no other site can use."""

from typing import Any

import pytest

from services.identity.tests.people import Person, keep_waiting
from shared.testing import Harness

HERE = {"Origin": "http://academy.test"}


def sign_in(person: Person, headers: dict[str, str] = HERE) -> Any:
    body = {"email": person.email, "password": person.password, "browser": True}
    # A client of its own: no jar of cookies is shared with other tests.
    return post(person.harness, "login", body, headers)


def post(harness: Harness, path: str, body: Any, headers: dict[str, str]) -> Any:
    answer = harness.client.post(f"/api/v1/auth/{path}", json=body, headers=headers)
    harness.client.cookies.clear()
    return answer


def cookies(answer: Any) -> dict[str, dict[str, str]]:
    """The cookies that an answer sets: name -> its value and attributes."""
    found = {}
    for line in answer.headers.get_list("set-cookie"):
        first, *attributes = line.split("; ")
        name, _, value = first.partition("=")
        pairs = (attribute.partition("=") for attribute in attributes)
        found[name] = {"value": value.strip('"'), **{key.lower(): setting for key, _, setting in pairs}}
    return found


def test_a_browser_gets_its_secrets_in_cookies_that_scripts_cannot_read(person: Person) -> None:
    answer = sign_in(person)
    assert answer.status_code == 200, answer.text
    assert set(answer.json()) == {"access_token", "token_type", "expires_in"}
    found = cookies(answer)
    assert set(found) == {"academy_refresh", "academy_device"}
    for cookie in found.values():
        assert {"httponly", "secure"} <= cookie.keys()
        assert (cookie["samesite"], cookie["path"]) == ("strict", "/api/v1/auth")
        assert len(cookie["value"]) >= 43
        assert "domain" not in cookie


def test_a_browser_refreshes_by_its_cookie(identity: Harness, person: Person) -> None:
    first = cookies(sign_in(person))["academy_refresh"]["value"]
    answer = post(identity, "refresh", {}, {**HERE, "Cookie": f"academy_refresh={first}"})
    assert answer.status_code == 200, answer.text
    assert "refresh_token" not in answer.json()
    assert cookies(answer)["academy_refresh"]["value"] != first
    assert person.me(answer.json()["access_token"]).status_code == 200


@pytest.mark.parametrize(
    "origin", [None, "https://evil.example", "null", "http://academy.test.evil.example", "http://academy.test:81"]
)
def test_another_site_can_neither_sign_in_nor_refresh(identity: Harness, person: Person, origin: str | None) -> None:
    foreign = {"Origin": origin} if origin else {}
    assert sign_in(person, foreign).json()["type"] == "urn:academy:problem:foreign-origin"
    token = cookies(sign_in(person))["academy_refresh"]["value"]
    refused = post(identity, "refresh", {}, {**foreign, "Cookie": f"academy_refresh={token}"})
    assert (refused.status_code, refused.json()["type"]) == (403, "urn:academy:problem:foreign-origin")
    assert post(identity, "refresh", {}, {**HERE, "Cookie": f"academy_refresh={token}"}).status_code == 200


def test_without_a_cookie_there_is_nothing_to_refresh(identity: Harness) -> None:
    assert post(identity, "refresh", {}, HERE).status_code == 401


def test_signing_out_takes_the_cookie_away(identity: Harness, person: Person) -> None:
    signed_in = sign_in(person)
    token = cookies(signed_in)["academy_refresh"]["value"]
    headers = {"Authorization": f"Bearer {signed_in.json()['access_token']}", "Cookie": f"academy_refresh={token}"}
    answer = identity.client.post("/api/v1/auth/logout", headers=headers)
    assert answer.status_code == 204
    gone = cookies(answer)["academy_refresh"]
    assert (gone["value"], gone["max-age"], gone["path"]) == ("", "0", "/api/v1/auth")
    assert post(identity, "refresh", {}, {**HERE, "Cookie": f"academy_refresh={token}"}).status_code == 401


def test_a_known_browser_is_not_kept_waiting_by_strangers(identity: Harness, person: Person) -> None:
    device = cookies(sign_in(person))["academy_device"]["value"]
    keep_waiting(person)
    assert person.try_sign_in().status_code == 429
    again = sign_in(person, {**HERE, "Cookie": f"academy_device={device}"})
    assert again.status_code == 200
    assert cookies(again)["academy_device"]["value"] == device


def test_whatever_takes_a_browser_is_documented_to_refuse_foreign_pages(identity: Harness) -> None:
    document = identity.client.get("/openapi.json").json()
    shapes = {
        f"#/components/schemas/{name}"
        for name, shape in document["components"]["schemas"].items()
        if "browser" in shape.get("properties", {})
    }
    undocumented = [
        operation["operationId"]
        for methods in document["paths"].values()
        for operation in methods.values()
        for body in operation.get("requestBody", {}).get("content", {}).values()
        if body["schema"].get("$ref") in shapes and "403" not in operation["responses"]
    ]
    assert (len(shapes) > 5, undocumented) == (True, [])
