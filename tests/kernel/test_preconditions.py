"""ETag, If-Match and If-None-Match: no change is lost unseen, nothing is sent twice."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest

from shared.testing import Harness
from shared.testing.harness import Caller


def new_thing(caller: Caller, name: str = "thing") -> tuple[str, str]:
    """Its address and its ETag."""
    made = caller.post("/things", json={"name": name})
    return f"/things/{made.json()['id']}", made.headers["ETag"]


def rename(caller: Caller, url: str, if_match: str, name: str = "renamed") -> Any:
    return caller.patch(url, json={"name": name}, headers={"If-Match": if_match})


def test_making_reading_and_changing_answer_the_same_kind_of_tag(things: Harness) -> None:
    caller = things.caller()
    url, made = new_thing(caller)
    assert caller.get(url).headers["ETag"] == made
    changed = rename(caller, url, made)
    assert changed.status_code == 200
    assert caller.get(url).headers["ETag"] == changed.headers["ETag"] != made


def test_a_change_without_if_match_is_refused(things: Harness) -> None:
    caller = things.caller()
    url, _ = new_thing(caller)
    answer = caller.request("PATCH", url, json={"name": "blind"})
    assert (answer.status_code, answer.json()["type"]) == (428, "urn:academy:problem:precondition-required")
    assert caller.get(url).json()["name"] == "thing"


def test_of_two_changes_of_the_same_version_one_is_refused(things: Harness) -> None:
    caller = things.caller()
    url, etag = new_thing(caller)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda number: rename(caller, url, etag, f"by {number}"), range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 7
    (winner,) = [answer.json() for answer in answers if answer.status_code == 200]
    assert caller.get(url).json() == winner
    refused = next(answer.json() for answer in answers if answer.status_code == 412)
    assert (refused["type"], refused["version"]) == ("urn:academy:problem:precondition-failed", 2)


@pytest.mark.parametrize("form", ["*", "W/{etag}", '"7", {etag}', '"1"', '"1" , W/"9-0"'])
def test_forms_of_if_match_that_mean_this_version(things: Harness, form: str) -> None:
    caller = things.caller()
    url, etag = new_thing(caller)
    assert rename(caller, url, form.format(etag=etag)).status_code == 200


@pytest.mark.parametrize("form", ['"2"', '"11"', '""', '"-1"', 'W/"0"', '"x"'])
def test_forms_of_if_match_that_mean_another_version(things: Harness, form: str) -> None:
    caller = things.caller()
    url, _ = new_thing(caller)
    assert rename(caller, url, form).status_code == 412


@pytest.mark.parametrize("form", ["", "1", '"1', '1"', '"1" "2"', '"1",', "w/'1'", '"caf\xe9"', "* , *"])
def test_what_is_no_entity_tag_is_refused_by_the_name_of_the_header(things: Harness, form: str) -> None:
    caller = things.caller()
    url, _ = new_thing(caller)
    headers: Any = {"If-Match": form.encode("latin-1")}
    answer = caller.request("PATCH", url, json={"name": "x"}, headers=headers)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "If-Match")


def test_what_is_not_there_is_404_whatever_if_match_says(things: Harness) -> None:
    assert rename(things.caller(), f"/things/{uuid4()}", '"1"').status_code == 404


@pytest.mark.parametrize("form", ["{etag}", "W/{etag}", '"other", {etag}', "*"])
def test_who_has_it_already_is_not_sent_it_again(things: Harness, form: str) -> None:
    url, etag = new_thing(things.caller())
    answer = things.client.get(url, headers={"If-None-Match": form.format(etag=etag)})
    assert (answer.status_code, answer.content, answer.headers["ETag"]) == (304, b"", etag)


def test_who_has_an_older_one_is_sent_the_new_one(things: Harness) -> None:
    caller = things.caller()
    url, etag = new_thing(caller)
    rename(caller, url, etag)
    answer = things.client.get(url, headers={"If-None-Match": etag})
    assert (answer.status_code, answer.json()["name"]) == (200, "renamed")


def test_a_list_has_a_tag_of_its_content(things: Harness) -> None:
    caller, name = things.caller(), str(uuid4())
    new_thing(caller, name)
    url = f"/things?name={name}"
    etag = things.client.get(url).headers["ETag"]
    assert things.client.get(url, headers={"If-None-Match": etag}).status_code == 304
    new_thing(caller, name)
    assert things.client.get(url, headers={"If-None-Match": etag}).status_code == 200
