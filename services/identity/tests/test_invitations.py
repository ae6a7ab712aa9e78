from typing import Any
from uuid import UUID

import pytest

from services.identity.tests.people import Person, audited, fullwidth, new_email
from services.identity.users import get_user
from shared.events import UserInvited, UserRegistered
from shared.testing import Harness

USERS = "/api/v1/admin/users"
PASSWORD = "marble kettle daylight 58"


def invite(admin: Person, **body: Any) -> Any:
    return admin.browser.post(USERS, json={"email": new_email(), "name": "Ben Okri", **body})


def test_an_invited_person_sets_the_password_by_the_link_and_signs_in(identity: Harness, admin: Person) -> None:
    made = invite(admin, roles=["student", "instructor"])
    assert made.status_code == 201, made.text
    user = made.json()
    assert (user["name"], user["roles"], user["status"]) == ("Ben Okri", ["instructor", "student"], "active")
    person = Person(identity, UUID(user["id"]), user["email"])
    assert person.try_sign_in().status_code == 401, "nobody knows a password yet"
    [invited] = identity.published(UserInvited, user["id"])
    [registered] = identity.published(UserRegistered, user["id"])
    assert registered.email == user["email"]
    assert 6.9 < (invited.expires_at - registered_at(identity, person)).total_seconds() / 86400 < 7.1

    link = {"token": invited.token, "password": PASSWORD}
    assert identity.client.post("/api/v1/auth/password-reset/confirm", json=link).status_code == 200
    assert identity.client.post("/api/v1/auth/password-reset/confirm", json=link).status_code == 410, "once"
    assert person.try_sign_in(password=PASSWORD).status_code == 200
    entry = admin.browser.get("/api/v1/admin/audit", params={"object_id": user["id"], "action": "user.registered"})
    assert [item["actor_id"] for item in entry.json()["items"]] == [str(admin.id)]
    assert audited(identity, person)[0] == "user.registered"


def registered_at(identity: Harness, person: Person) -> Any:
    with identity.database.begin() as session:
        return get_user(session, person.id).created_at


def test_an_address_is_invited_once_however_it_is_spelt(admin: Person) -> None:
    email = new_email()
    assert invite(admin, email=email).status_code == 201
    for spelling in (email, email.upper(), fullwidth(email.split("@")[0]) + "@example.com"):
        refused = invite(admin, email=spelling)
        assert (refused.status_code, refused.json()["type"]) == (409, "urn:academy:problem:email-taken"), spelling


@pytest.mark.parametrize(
    ("field", "body"),
    [
        ("email", {"email": "nobody"}),
        ("name", {"name": " "}),
        ("roles", {"roles": []}),
        ("roles.0", {"roles": ["king"]}),
        ("password", {"password": "x" * 12}),
    ],
)
def test_a_bad_invitation_is_refused_by_name(admin: Person, field: str, body: dict[str, Any]) -> None:
    answer = invite(admin, **body)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]
