from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest

from services.identity.tests.people import (
    PASSWORD,
    Person,
    audited,
    fullwidth,
    link_token,
    new_email,
    register,
    verify,
    verify_link,
)
from shared.events import EmailVerificationRequested, RegistrationRepeated, UserRegistered, UserUpdated
from shared.testing import Harness


def fields(answer: Any) -> set[str]:
    return {error["field"] for error in answer.json()["errors"]}


def test_a_new_student_registers_signs_in_and_reads_the_own_account(identity: Harness) -> None:
    email = new_email()
    asked = register(identity, email=email, name="  Ann Lee ")
    assert (asked.status_code, asked.json()) == (202, {"email": email, "expires_in": 86400})
    made = verify(identity, email)
    assert made.status_code == 201, made.text
    assert made.headers["cache-control"] == "no-store"
    answer = made.json()
    user = {name: answer[name] for name in ("id", "email", "name", "roles", "status", "version", "created_at")}
    assert user == {**user, "email": email, "name": "Ann Lee", "roles": ["student"], "status": "active"}
    tokens = {name: value for name, value in answer.items() if name not in user}
    assert tokens == {**tokens, "token_type": "Bearer", "expires_in": 300}
    assert set(tokens) == {"access_token", "token_type", "expires_in", "refresh_token", "device_token"}
    person = Person(identity, UUID(user["id"]), email, "", tokens["access_token"], tokens["refresh_token"])
    assert audited(identity, person) == ["user.registered", "session.started"]
    assert person.refresh().me().status_code == 200

    tokens = identity.client.post("/api/v1/auth/login", json={"email": email, "password": PASSWORD}).json()
    me = identity.client.get("/api/v1/users/me", headers={"Authorization": f"Bearer {tokens['access_token']}"})
    profile = {"headline": "", "bio": "", "locale": "en", "time_zone": "UTC"}
    assert me.json() == {**user, **profile, "avatar": None, "impersonated_by": None}


def test_before_the_mailed_link_is_followed_there_is_no_account(identity: Harness) -> None:
    email = new_email()
    register(identity, email=email)
    assert identity.client.post("/api/v1/auth/login", json={"email": email, "password": PASSWORD}).status_code == 401
    [mail] = [fact for fact in identity.published(EmailVerificationRequested) if fact.email == email]
    assert identity.published(UserRegistered, mail.user_id) == []
    assert mail.name is None, "a stranger may have chosen it"
    assert verify(identity, email).json()["id"] == str(mail.user_id)


def test_who_registers_a_foreign_address_does_not_know_the_password_of_the_account(identity: Harness) -> None:
    """Its owner follows the link and sets the password; the stranger's is of no use, given with either request."""
    email, strangers = new_email(), "the stranger waits 88"
    assert fields(register(identity, email=email, password=strangers)) == {"password"}
    assert register(identity, email=email).status_code == 202
    assert verify(identity, email).status_code == 201
    login = {"email": email, "password": strangers}
    assert identity.client.post("/api/v1/auth/login", json=login).status_code == 401
    assert identity.client.post("/api/v1/auth/login", json={**login, "password": PASSWORD}).status_code == 200


def test_a_newcomers_browser_gets_its_secrets_in_cookies(identity: Harness) -> None:
    email = register(identity).json()["email"]
    token = link_token(identity, EmailVerificationRequested, email=email)
    assert verify_link(identity, token, browser=True).json()["type"] == "urn:academy:problem:foreign-origin"
    body = {"token": token, "password": PASSWORD, "browser": True}
    made = identity.client.post("/api/v1/auth/verify-email", json=body, headers={"Origin": "http://academy.test"})
    assert made.status_code == 201, made.text
    assert {"refresh_token", "device_token"}.isdisjoint(made.json())
    assert {"academy_refresh", "academy_device"} <= set(made.cookies)
    identity.client.cookies.clear()


def test_a_later_registration_makes_the_link_of_an_earlier_one_useless(identity: Harness) -> None:
    email = new_email()
    register(identity, email=email)
    strangers_link = link_token(identity, EmailVerificationRequested, email=email)
    register(identity, email=email)
    assert verify(identity, email).status_code == 201
    late = verify_link(identity, strangers_link)
    assert (late.status_code, late.json()["type"]) == (410, "urn:academy:problem:link-invalid")
    assert identity.client.post("/api/v1/auth/login", json={"email": email, "password": PASSWORD}).status_code == 200


def test_a_registration_is_told_to_the_other_services_once(identity: Harness, person: Person) -> None:
    [event] = identity.published(UserRegistered, person.id)
    assert (event.version, event.email, event.name, event.roles) == (1, person.email, "Ann Lee", ["student"])
    assert audited(identity, person) == ["user.registered", "session.started"]


@pytest.mark.parametrize(
    "spelling", [str.upper, lambda email: f" {email} ", lambda email: email.replace("ann", fullwidth("ann"))]
)
def test_an_address_has_one_account_however_it_is_spelled(identity: Harness, person: Person, spelling: Any) -> None:
    assert register(identity, email=spelling(person.email)).status_code == 202
    assert len(identity.published(RegistrationRepeated, person.id)) == 1, "its owner is told"
    assert person.try_sign_in(email=spelling(person.email)).status_code == 200


def test_of_parallel_registrations_with_one_address_one_becomes_an_account(identity: Harness) -> None:
    email = new_email()
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: register(identity, email=email).status_code, range(4)))
    assert answers == [202] * 4
    tokens = [fact.token for fact in identity.published(EmailVerificationRequested) if fact.email == email]
    assert len(tokens) == 3, "and nobody's mailbox gets more in an hour"
    with ThreadPoolExecutor(3) as pool:
        made = pool.map(lambda token: verify_link(identity, token), tokens)
        assert sorted(answer.status_code for answer in made) == [201, 410, 410]


def test_international_domains_are_one_with_their_ascii_form(identity: Harness) -> None:
    name = new_email().split("@")[0]
    register(identity, email=f"{name}@bücher.example")
    user = verify(identity, f"{name}@bücher.example").json()
    register(identity, email=f"{name}@xn--bcher-kva.example")
    assert len(identity.published(RegistrationRepeated, user["id"])) == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"email": "nobody"}, "email"),
        ({"email": "a@b@example.com"}, "email"),
        ({"email": "a" * 250 + "@example.com"}, "email"),
        ({"email": "ann\x00@example.com"}, "email"),
        ({"email": "ann\r\n@example.com"}, "email"),
        ({"name": "   "}, "name"),
        ({"name": "n" * 101}, "name"),
        ({"name": "Ann\x00"}, "name"),
        ({"name": "Ann\nBcc: all@example.com"}, "name"),
        ({"name": "You won 500 USD: evil.example/claim now"}, "name"),
        ({"name": "https://evil"}, "name"),
        ({"name": "Ann \u202eeel"}, "name"),
        ({"password": PASSWORD}, "password"),
        ({"roles": "admin"}, "roles"),
    ],
)
def test_bad_input_is_refused_by_the_name_of_its_field(identity: Harness, body: dict[str, str], field: str) -> None:
    answer = register(identity, **body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert fields(answer) == {field}


def test_a_body_that_is_no_json_is_a_problem_of_the_caller(identity: Harness) -> None:
    for content in (b"", b"{", b"[]", b"\xff", b'{"email": "\\ud800@example.com", "password": "\\ud800", "name": "x"}'):
        for path in ("register", "login", "refresh", "password-strength", "verify-email", "password-reset"):
            headers = {"Content-Type": "application/json"}
            answer = identity.client.post(f"/api/v1/auth/{path}", content=content, headers=headers)
            assert 400 <= answer.status_code < 500, (path, content, answer.text)


def test_who_does_not_know_the_password_learns_nothing(identity: Harness, person: Person) -> None:
    wrong = person.try_sign_in(password="wrong but long enough")
    unknown = person.try_sign_in(email=new_email())
    assert wrong.status_code == unknown.status_code == 401
    ignored = ("request_id", "instance")
    assert {k: v for k, v in wrong.json().items() if k not in ignored} == {
        k: v for k, v in unknown.json().items() if k not in ignored
    }
    assert audited(identity, person)[-1] == "sign_in.refused"


def test_a_new_name_is_told_to_the_other_services(identity: Harness, person: Person) -> None:
    answer = person.browser.patch("/api/v1/users/me", json={"name": "Ann B. Lee"})
    assert answer.json()["name"] == "Ann B. Lee"
    assert person.browser.patch("/api/v1/users/me", json={"name": "Ann B. Lee"}).status_code == 200
    [event] = identity.published(UserUpdated, person.id)
    assert (event.version, event.name, event.status) == (2, "Ann B. Lee", "active")


def test_a_change_of_an_account_that_was_changed_meanwhile_is_refused(person: Person) -> None:
    read = {"If-Match": person.me().headers["ETag"]}
    url = "/api/v1/users/me"
    assert person.browser.request("PATCH", url, json={"name": "Ann"}).status_code == 428
    assert person.browser.patch(url, json={"name": "Ann"}, headers=read).json()["version"] == 2
    assert person.browser.patch(url, json={"name": "Bob"}, headers=read).status_code == 412
    assert person.me().json()["name"] == "Ann"


def test_one_cannot_give_oneself_roles_or_another_address(person: Person) -> None:
    for change in ({"roles": ["admin"]}, {"email": "x@example.com"}, {"status": "active"}, {"name": None}):
        assert person.browser.patch("/api/v1/users/me", json={"name": "Ann", **change}).status_code == 422
    assert person.me().json()["roles"] == ["student"]
