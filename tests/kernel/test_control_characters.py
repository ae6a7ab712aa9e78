import pytest

from shared.testing import Harness

PATHS = ["/livez", "/readyz", "/metrics", "/openapi.json", "/things/first", "/things/hot/x"]


@pytest.mark.parametrize("control", ["%0a", "%0d", "%00", "%09", "%1f", "%7f", "%0a%0a"])
def test_a_path_with_a_control_character_is_no_path(things: Harness, control: str) -> None:
    caller = things.caller()
    for path in PATHS:
        for spelling in (path + control, path[:-1] + control + path[-1]):
            answer = caller.get(spelling)
            assert (answer.status_code, answer.json()["type"]) == (404, "urn:academy:problem:not-found"), spelling
            assert answer.headers["x-request-id"]


def test_without_one_it_is(things: Harness) -> None:
    assert things.client.get("/livez").status_code == 200
