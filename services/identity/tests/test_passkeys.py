from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key

from services.identity.tests.authenticator import PRESENT, Authenticator, decode
from services.identity.tests.people import Person, new_person
from shared.events import AccountSecurityChanged
from shared.testing import Harness

AUTH = "/api/v1/auth"


def ask(harness: Harness, ticket: str = "") -> dict[str, Any]:
    answer = harness.client.post(f"{AUTH}/login/passkey/options", json={"ticket": ticket})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def register(person: Person, authenticator: Authenticator) -> Any:
    question = person.browser.post(f"{AUTH}/passkeys/options").json()
    body = {"ticket": question["ticket"], "name": "Phone", "credential": authenticator.create(question["options"])}
    return person.browser.post(f"{AUTH}/passkeys", json=body)


def sign_in(harness: Harness, authenticator: Authenticator, ticket: str = "") -> Any:
    question = ask(harness, ticket)
    body = {"ticket": question["ticket"], "credential": authenticator.get(question["options"])}
    return harness.client.post(f"{AUTH}/login/passkey", json=body)


@pytest.fixture
def phone(person: Person) -> Authenticator:
    authenticator = Authenticator()
    assert register(person, authenticator).status_code == 201
    return authenticator


def test_a_passkey_signs_in_without_a_password(identity: Harness, person: Person) -> None:
    phone = Authenticator()
    made = register(person, phone)
    assert made.status_code == 201, made.text
    assert (made.json()["name"], len(made.json()["recovery_codes"])) == ("Phone", 10)
    answer = sign_in(identity, phone)
    assert answer.status_code == 200, answer.text
    assert person.me(answer.json()["access_token"]).json()["id"] == str(person.id)
    [own] = person.browser.get(f"{AUTH}/factors").json()["passkeys"]
    assert own["last_used_at"]
    assert [news.change for news in identity.published(AccountSecurityChanged, person.id)] == ["passkey_added"]


def test_a_passkey_is_the_second_factor_of_a_password(identity: Harness, person: Person, phone: Authenticator) -> None:
    first = person.try_sign_in()
    assert (first.status_code, first.json()["methods"]) == (202, ["passkey", "recovery_code"])
    [allowed] = ask(identity, first.json()["ticket"])["options"]["allowCredentials"]
    assert decode(allowed["id"]) == phone.credential_id
    answer = sign_in(identity, phone, first.json()["ticket"])
    assert answer.status_code == 200, answer.text
    assert person.me(answer.json()["access_token"]).status_code == 200


def test_somebody_elses_passkey_is_no_second_factor(identity: Harness, person: Person, phone: Authenticator) -> None:
    stranger, theirs = new_person(identity), Authenticator()
    assert register(stranger, theirs).status_code == 201
    refused = sign_in(identity, theirs, person.try_sign_in().json()["ticket"])
    assert (refused.status_code, refused.json()["type"]) == (401, "urn:academy:problem:passkey-refused")


def test_what_is_not_this_passkey_on_this_site_is_refused(identity: Harness, phone: Authenticator) -> None:
    wrong = {
        "another site's page": replace(phone, origin="https://evil.example"),
        "another site's credential": replace(phone, host="evil.example"),
        "another key": replace(phone, key=generate_private_key(SECP256R1())),
        "an unknown credential": replace(phone, credential_id=b"x" * 32),
        "nobody looked": replace(phone, flags=PRESENT),
    }
    for why, authenticator in wrong.items():
        assert sign_in(identity, authenticator).status_code == 401, why
    assert sign_in(identity, phone).status_code == 200


def test_a_copied_passkey_shows_by_its_counter(identity: Harness, phone: Authenticator) -> None:
    copy = replace(phone)
    for _ in range(2):
        assert sign_in(identity, phone).status_code == 200
    assert sign_in(identity, copy).status_code == 401


def test_an_answer_is_good_once_and_for_its_own_question(identity: Harness, phone: Authenticator) -> None:
    first, second = ask(identity), ask(identity)
    crossed = {"ticket": second["ticket"], "credential": phone.get(first["options"])}
    assert identity.client.post(f"{AUTH}/login/passkey", json=crossed).status_code == 401
    right = {"ticket": first["ticket"], "credential": phone.get(first["options"])}
    answers = [identity.client.post(f"{AUTH}/login/passkey", json=right).status_code for _ in range(2)]
    assert answers == [200, 410]


@pytest.mark.parametrize(
    "credential",
    [
        {},
        {"rawId": 7},
        {"rawId": "!"},
        {"id": "x", "rawId": "eA", "type": "public-key", "response": []},
        {"rawId": "eA" * 5000},
    ],
)
def test_what_is_no_answer_is_refused(identity: Harness, person: Person, credential: dict[str, Any]) -> None:
    ticket = ask(identity)["ticket"]
    body = {"ticket": ticket, "credential": credential}
    assert identity.client.post(f"{AUTH}/login/passkey", json=body).status_code == 401
    question = person.browser.post(f"{AUTH}/passkeys/options").json()
    body = {"ticket": question["ticket"], "name": "Phone", "credential": credential}
    assert person.browser.post(f"{AUTH}/passkeys", json=body).status_code == 401


def test_one_passkey_has_one_account(identity: Harness, phone: Authenticator) -> None:
    stranger = new_person(identity)
    assert register(stranger, phone).status_code == 401
    question = new_person(identity).browser.post(f"{AUTH}/passkeys/options").json()
    body = {"ticket": question["ticket"], "name": "X", "credential": Authenticator().create(question["options"])}
    assert stranger.browser.post(f"{AUTH}/passkeys", json=body).status_code == 401, "another account's question"


def test_a_removed_passkey_is_none(identity: Harness, person: Person, phone: Authenticator) -> None:
    [own] = person.browser.get(f"{AUTH}/factors").json()["passkeys"]
    assert new_person(identity).browser.delete(f"{AUTH}/passkeys/{own['id']}").status_code == 404
    assert person.browser.delete(f"{AUTH}/passkeys/{own['id']}").status_code == 204
    assert sign_in(identity, phone).status_code == 401
    assert person.try_sign_in().status_code == 200, "without a factor the password is enough"
    assert person.browser.get(f"{AUTH}/factors").json() == {"totp": False, "passkeys": [], "recovery_codes_left": 0}


def test_a_suspended_account_is_not_entered_by_passkey(
    identity: Harness, person: Person, admin: Person, phone: Authenticator
) -> None:
    admin.browser.post(f"/api/v1/admin/users/{person.id}/suspend")
    refused = sign_in(identity, phone)
    assert (refused.status_code, refused.json()["type"]) == (403, "urn:academy:problem:account-suspended")
