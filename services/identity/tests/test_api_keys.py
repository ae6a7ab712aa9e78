"""API keys: a program's way in, with a part of its owner's powers."""

import re
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from sqlalchemy import select, update

from services.identity.api_keys import key_text
from services.identity.api_keys.models import ApiKey
from services.identity.security_news import NEW_CREDENTIALS
from services.identity.tests.people import (
    Person,
    audited,
    entries_about,
    let_sign_ins_age,
    new_person,
    run_job,
)
from shared.events import AccountSecurityChanged
from shared.testing import Harness
from shared.testing.harness import Caller
from shared.testing.limits import assert_refused, end_period, use_up

KEYS, TOKEN = "/api/v1/auth/api-keys", "/api/v1/auth/token"
USERS = "/api/v1/admin/users"
ANYTHING = {"If-Match": "*"}


def make_key(person: Person, *scopes: str, **fields: Any) -> dict[str, Any]:
    body = {"name": "Nightly import", "scopes": scopes or ["account:use"], **fields}
    answer = person.browser.post(KEYS, json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def exchange(identity: Harness, key: str, ip: str = "", **form: str) -> Any:
    form = {"grant_type": "client_credentials", "client_secret": key, **form}
    return identity.client.post(TOKEN, data=form, headers={"X-Forwarded-For": ip} if ip else {})


def program(identity: Harness, person: Person, key: str) -> Caller:
    """Who calls with a token for the key."""
    answer = exchange(identity, key)
    assert answer.status_code == 200, answer.text
    return Caller(identity.client, person.id, answer.json()["access_token"])


def test_a_key_is_shown_once_and_its_prefix_afterwards(identity: Harness, person: Person) -> None:
    made = make_key(person)
    assert re.fullmatch(r"afa_[0-9A-Za-z]{49}", made["key"])
    assert made["key"].startswith(made["prefix"])
    shown = person.browser.get(KEYS)
    assert shown.headers["cache-control"] == "no-store"
    [item] = shown.json()["items"]
    assert item == {name: value for name, value in made.items() if name != "key"}
    assert made["key"] not in shown.text
    with identity.database.begin() as session:
        row = session.scalars(select(ApiKey).where(ApiKey.user_id == person.id)).one()
        assert made["key"].encode() not in row.key_hash
    [news] = identity.published(AccountSecurityChanged, person.id)
    assert (news.change, audited(identity, person)[-1]) == ("api_key_created", "api_key.created")


def test_a_key_becomes_a_token_of_five_minutes_for_its_scopes(identity: Harness, person: Person) -> None:
    made = make_key(person, "account:use", "courses:learn")
    answer = exchange(identity, made["key"])
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    token = answer.json().pop("access_token")
    expected = {"access_token": token, "token_type": "Bearer", "expires_in": 300, "scope": "account:use courses:learn"}
    assert answer.json() == expected
    claims = jwt.decode(token, options={"verify_signature": False})
    assert (claims["sub"], claims["scope"]) == (str(person.id), "account:use courses:learn")
    caller = Caller(identity.client, person.id, token)
    assert caller.get("/api/v1/users/me").json()["id"] == str(person.id)
    refused = caller.get("/api/v1/auth/sessions")
    assert (refused.status_code, refused.json()["type"]) == (403, "urn:academy:problem:forbidden")
    assert person.browser.get(KEYS).json()["items"][0]["last_used_at"] is not None
    assert len(person.browser.get("/api/v1/auth/sessions").json()["items"]) == 1, "a program is no device"


def test_a_token_does_not_outlive_its_key(identity: Harness, person: Person) -> None:
    ends = datetime.now(UTC) + timedelta(seconds=90)
    answer = exchange(identity, make_key(person, expires_at=ends.isoformat())["key"]).json()
    assert 60 < answer["expires_in"] <= 90
    claims = jwt.decode(answer["access_token"], options={"verify_signature": False})
    assert claims["exp"] <= ends.timestamp()


def test_the_libraries_of_oauth_may_send_it_as_they_do(identity: Harness, person: Person) -> None:
    made = make_key(person, "account:use", "courses:learn")
    basic = {"Authorization": "Basic " + b64encode(f"{made['id']}:{made['key']}".encode()).decode()}
    form = {"grant_type": "client_credentials", "scope": "courses:learn", "audience": "ignored"}
    answer = identity.client.post(TOKEN, data=form, headers=basic)
    assert (answer.status_code, answer.json()["scope"]) == (200, "courses:learn")
    assert exchange(identity, made["key"], client_id=made["id"]).status_code == 200
    more = exchange(identity, made["key"], scope="courses:learn payments:make")
    assert (more.status_code, more.json()["error"]) == (400, "invalid_scope")


def test_what_is_no_good_key_is_refused_in_the_same_words(identity: Harness, person: Person, admin: Person) -> None:
    made, revoked, expired = make_key(person), make_key(person), make_key(person)
    person.browser.delete(f"{KEYS}/{revoked['id']}")
    with identity.database.begin() as session:
        own = update(ApiKey).where(ApiKey.id == expired["id"])
        session.execute(own.values(expires_at=datetime.now(UTC) - timedelta(seconds=1)))
    suspended = new_person(identity)
    of_suspended = make_key(suspended)
    admin.browser.post(f"{USERS}/{suspended.id}/suspend")
    wrong = [key_text.new_key(), made["key"][:-1] + "?", "", "x" * 200, revoked["key"], expired["key"]]
    answers = [exchange(identity, key) for key in [*wrong, of_suspended["key"]]]
    answers += [exchange(identity, made["key"], client_id=revoked["id"])]
    answers += [identity.client.post(TOKEN, data={"grant_type": "client_credentials"})]
    assert {answer.status_code for answer in answers} == {401}
    assert {answer.json()["error"] for answer in answers} == {"invalid_client"}
    assert {answer.headers["www-authenticate"] for answer in answers} == {'Basic realm="academy"'}
    assert len({(answer.json()["type"], answer.json()["detail"]) for answer in answers}) == 1
    assert audited(identity, suspended)[-1] == "api_key.refused"
    broken = identity.client.post(
        TOKEN, data={"grant_type": "client_credentials"}, headers={"Authorization": "Basic x"}
    )
    assert broken.status_code == 401
    assert exchange(identity, made["key"], grant_type="password").status_code == 422
    assert exchange(identity, "\x00").status_code == 422


@pytest.mark.parametrize("kind", ["multipart/form-data; boundary=xx; charset=punycode", "application/json", ""])
def test_a_key_is_exchanged_by_a_form_of_rfc_6749_only(identity: Harness, kind: str) -> None:
    name = b"a-" + b"a" * 7_000 + b"-" + b"A" * 7_000
    body = b'--xx\r\nContent-Disposition: form-data; name="%b"\r\n\r\nx\r\n--xx--\r\n' % name
    answer = identity.client.post(TOKEN, content=body, headers={"Content-Type": kind})
    assert (answer.status_code, answer.json()["type"]) == (415, "urn:academy:problem:unsupported-media-type")
    assert identity.client.post(TOKEN, content=body * 2, headers={"Content-Type": kind}).status_code == 413


def test_guessing_is_slowed_down_and_a_right_key_is_not(identity: Harness, person: Person) -> None:
    made, ip = make_key(person), "198.51.100.23"
    answers = [exchange(identity, key_text.new_key(), ip) for _ in range(102)]
    assert [answer.status_code for answer in answers[:100]] == [401] * 100
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["retry-after"]) >= 1
    assert exchange(identity, made["key"], ip).status_code == 200


@pytest.mark.parametrize("end", ["revoke", "admin revokes", "suspend", "change roles", "sign out everywhere"])
def test_its_tokens_end_with_what_they_stand_on(identity: Harness, admin: Person, person: Person, end: str) -> None:
    made = make_key(person)
    caller = program(identity, person, made["key"])
    match end:
        case "revoke":
            assert person.browser.delete(f"{KEYS}/{made['id']}").status_code == 204
        case "admin revokes":
            assert admin.browser.delete(f"{USERS}/{person.id}/api-keys/{made['id']}").status_code == 204
        case "suspend":
            admin.browser.post(f"{USERS}/{person.id}/suspend")
        case "change roles":
            admin.browser.patch(f"{USERS}/{person.id}", json={"roles": ["instructor"]}, headers=ANYTHING)
        case "sign out everywhere":
            person.browser.delete("/api/v1/auth/sessions")
    assert caller.get("/api/v1/users/me").status_code == 401
    again = exchange(identity, made["key"]).status_code
    assert again == (200 if end == "change roles" else 401)


def test_a_key_never_does_more_than_its_owner_may_today(identity: Harness, admin: Person) -> None:
    teacher = new_person(identity, "instructor")
    made = make_key(teacher, "courses:write", "courses:learn")
    admin.browser.patch(f"{USERS}/{teacher.id}", json={"roles": ["student"]}, headers=ANYTHING)
    assert exchange(identity, made["key"]).json()["scope"] == "courses:learn"


def test_a_key_gets_only_what_its_owner_may_give(identity: Harness, admin: Person, person: Person) -> None:
    for owner, scope in (
        (person, "courses:write"),
        (person, "account:secure"),
        (admin, "users:admin"),
        (admin, "users:impersonate"),
        (admin, "users:erase"),
        (admin, "instructors:approve"),
    ):
        refused = owner.browser.post(KEYS, json={"name": "x", "scopes": ["account:use", scope]})
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "scopes")
        assert scope in refused.json()["detail"]
    make_key(admin, "users:read", "audit:read")


def test_more_keys_than_an_account_may_make_in_an_hour_are_refused(identity: Harness, person: Person) -> None:
    use_up(identity, NEW_CREDENTIALS, person.id, left=1)
    made = make_key(person, "account:use")
    wanted = {"name": "one more", "scopes": ["account:use"]}
    assert_refused(person.browser.post(KEYS, json=wanted), NEW_CREDENTIALS)
    assert [key["id"] for key in person.browser.get(KEYS).json()["items"]] == [made["id"]]
    assert len(identity.published(AccountSecurityChanged, person.id)) == 1
    assert person.browser.delete(f"{KEYS}/{made['id']}").status_code == 204, "taking away is always possible"
    end_period(identity, NEW_CREDENTIALS, person.id)
    make_key(person, "account:use")


def test_a_program_makes_no_keys_and_an_old_session_neither(identity: Harness, person: Person) -> None:
    caller = program(identity, person, make_key(person)["key"])
    assert caller.post(KEYS, json={"name": "x", "scopes": ["account:use"]}).status_code == 403
    let_sign_ins_age(person)
    old = person.browser.post(KEYS, json={"name": "x", "scopes": ["account:use"]})
    assert (old.status_code, old.json()["type"]) == (403, "urn:academy:problem:recent-sign-in-required")


def test_other_peoples_keys_do_not_exist_and_administrators_see_them(
    identity: Harness, admin: Person, person: Person
) -> None:
    made = make_key(person)
    assert admin.browser.delete(f"{KEYS}/{made['id']}").status_code == 404
    assert [item["id"] for item in admin.browser.get(f"{USERS}/{person.id}/api-keys").json()["items"]] == [made["id"]]
    assert admin.browser.delete(f"{USERS}/{admin.id}/api-keys/{made['id']}").status_code == 404
    assert admin.browser.delete(f"{USERS}/{person.id}/api-keys/{made['id']}").status_code == 204
    entry = entries_about(identity, person)[-1]
    assert (entry.action, entry.actor_id, entry.details) == ("api_key.revoked", admin.id, {"api_key_id": made["id"]})


def test_an_expired_key_is_forgotten_after_a_while(identity: Harness, person: Person) -> None:
    make_key(person, expires_at=(datetime.now(UTC) + timedelta(days=1)).isoformat())
    with identity.database.begin() as session:
        own = update(ApiKey).where(ApiKey.user_id == person.id)
        session.execute(own.values(expires_at=datetime.now(UTC) - timedelta(days=36)))
    run_job(identity, "clean_up")
    assert person.browser.get(KEYS).json()["items"] == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "a\x00b"),
        ("scopes", []),
        ("scopes", ["nonsense"]),
        ("scopes", ["account:use"] * 31),
        ("expires_at", "2020-01-01T00:00:00Z"),
        ("expires_at", "2030-01-01T00:00:00"),
        ("expires_at", "tomorrow"),
        ("key", "afa_mine"),
    ],
)
def test_a_bad_field_is_named(person: Person, field: str, value: Any) -> None:
    refused = person.browser.post(KEYS, json={"name": "x", "scopes": ["account:use"], field: value})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"].split(".")[0] == field
