from typing import Any

import pytest
from uuid_utils.compat import uuid7

from services.identity.tests.people import Person, new_person
from shared.events import UserUpdated
from shared.testing import Harness

ME = "/api/v1/users/me"
WORDS = {
    "headline": "Statistics for poets",
    "bio": "Ten years.\nMany books.",
    "locale": "de-AT",
    "time_zone": "Europe/Vienna",
}


def change(person: Person, **fields: Any) -> Any:
    return person.browser.patch(ME, json=fields, headers={"If-Match": "*"})


def test_a_person_says_who_they_are_and_what_is_left_out_stays(identity: Harness, person: Person) -> None:
    answer = change(person, **WORDS)
    assert answer.status_code == 200, answer.text
    assert {name: answer.json()[name] for name in WORDS} == WORDS
    assert change(person, headline="").json()["bio"] == WORDS["bio"]
    assert person.me().json()["name"] == "Ann Lee"


def test_other_services_hear_of_the_fields_that_they_use(identity: Harness, person: Person) -> None:
    for fields in ({"headline": "H"}, {"time_zone": "Europe/Vienna"}, {"locale": "de-AT"}, {"name": "Ann Low"}):
        change(person, **fields)
    told = [(event.name, event.locale, event.time_zone) for event in identity.published(UserUpdated, person.id)]
    assert told == [
        ("Ann Lee", "en", "Europe/Vienna"),
        ("Ann Lee", "de-AT", "Europe/Vienna"),
        ("Ann Low", "de-AT", "Europe/Vienna"),
    ]


def test_a_stale_change_is_refused(person: Person) -> None:
    version = person.me().json()["version"]
    assert change(person, headline="One").status_code == 200
    stale = person.browser.patch(ME, json={"headline": "Two"}, headers={"If-Match": f'"{version}"'})
    assert (stale.status_code, person.me().json()["headline"]) == (412, "One")


def test_anybody_sees_an_instructors_profile_and_nothing_more(identity: Harness, admin: Person) -> None:
    instructor = new_person(identity, "instructor")
    change(instructor, **WORDS)
    address = f"/api/v1/users/{instructor.id}/profile"
    shown = identity.client.get(address).json()
    said = {"id": str(instructor.id), "name": "Ann Lee", "headline": WORDS["headline"], "bio": WORDS["bio"]}
    assert shown == {**said, "avatar": None}
    admin.browser.post(f"/api/v1/admin/users/{instructor.id}/suspend")
    for nobody in (instructor.id, admin.id, uuid7()):
        answer = identity.client.get(f"/api/v1/users/{nobody}/profile")
        assert (answer.status_code, answer.json()["type"]) == (404, "urn:academy:problem:profile-not-found")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", None),
        ("headline", "x" * 121),
        ("headline", "two\nlines"),
        ("bio", "x" * 5001),
        ("bio", "a\x00b"),
        ("locale", "klingon"),
        ("locale", "DE_at"),
        ("time_zone", "Mars/Olympus"),
        ("time_zone", "../etc/passwd"),
        ("email", "other@example.com"),
        ("roles", ["admin"]),
        ("status", "active"),
    ],
)
def test_a_bad_field_is_named_and_nothing_changes(person: Person, field: str, value: Any) -> None:
    before = person.me().json()
    answer = change(person, **{field: value})
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert person.me().json() == before
