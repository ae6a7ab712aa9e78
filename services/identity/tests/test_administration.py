from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import text, update
from uuid_utils.compat import uuid7

from services.identity.models import User
from services.identity.tests.people import (
    Person,
    audited,
    dismiss_all_admins,
    new_account,
    new_email,
    new_person,
    refresh,
)
from shared.events import UserSuspended, UserUpdated
from shared.testing import Harness, wait_until

USERS = "/api/v1/admin/users"


def set_roles(admin: Person, person: Person, *roles: str) -> Any:
    return admin.browser.patch(f"{USERS}/{person.id}", json={"roles": list(roles)})


def test_new_roles_end_the_old_tokens_and_come_with_the_next_refresh(
    identity: Harness, admin: Person, person: Person
) -> None:
    answer = set_roles(admin, person, "instructor", "student")
    assert answer.json()["roles"] == ["instructor", "student"]
    assert person.me().status_code == 401, "the token says what is no longer true"
    assert person.refresh().me().json()["roles"] == ["instructor", "student"], "the session goes on"
    assert person.sign_in().me().status_code == 200, "a sign-in in the same second works"
    [event] = identity.published(UserUpdated, person.id)
    assert (event.version, event.roles) == (2, ["instructor", "student"])
    assert audited(identity, person)[2] == "user.roles_changed"


def test_who_loses_a_role_loses_its_powers_at_once(identity: Harness, admin: Person) -> None:
    other = new_person(identity, "admin")
    assert other.browser.get(USERS).status_code == 200
    set_roles(admin, other, "student")
    assert other.browser.get(USERS).status_code == 401
    assert other.refresh().browser.get(USERS).status_code == 403


def test_the_same_roles_change_nothing(identity: Harness, admin: Person, person: Person) -> None:
    assert set_roles(admin, person, "student", "student").status_code == 200
    assert person.me().status_code == 200
    assert identity.published(UserUpdated, person.id) == []


def test_after_logout_a_role_change_does_not_bring_the_session_back(
    identity: Harness, admin: Person, person: Person
) -> None:
    person.browser.post("/api/v1/auth/logout")
    set_roles(admin, person, "instructor")
    assert refresh(identity, person.refresh_token).status_code == 401


def somebody_waits_for_an_account(identity: Harness) -> bool:
    waiting = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query ~ 'FROM users'")
    # A transaction of its own each time: within one, Postgres shows the same picture again.
    with identity.database.begin() as session:
        return bool(session.scalar(waiting))


def test_a_sign_in_during_a_role_change_waits_for_it(identity: Harness) -> None:
    other = new_person(identity, "admin")
    with ThreadPoolExecutor(1) as pool:
        with identity.database.begin() as session:
            session.execute(update(User).where(User.id == other.id).values(roles=["student"]))
            signed_in = pool.submit(other.try_sign_in)
            wait_until(lambda: signed_in.done() or somebody_waits_for_an_account(identity))
        other.access_token = signed_in.result().json()["access_token"]
    assert other.me().status_code == 200
    assert other.browser.get(USERS).status_code == 403, "no token with the old powers came of it"


def test_a_suspended_user_is_out_until_reactivated(identity: Harness, admin: Person, person: Person) -> None:
    answer = admin.browser.post(f"{USERS}/{person.id}/suspend", json={"reason": "spam"})
    assert answer.json()["status"] == "suspended"
    assert person.me().status_code == 401
    assert refresh(identity, person.refresh_token).status_code == 401
    refused = person.try_sign_in()
    assert (refused.status_code, refused.json()["type"]) == (403, "urn:academy:problem:account-suspended")
    assert person.try_sign_in(password="wrong but long enough").status_code == 401, (
        "only who knows the password is told"
    )
    assert admin.browser.post(f"{USERS}/{person.id}/suspend").status_code == 200, "again: nothing new"

    assert admin.browser.post(f"{USERS}/{person.id}/reactivate").json()["status"] == "active"
    assert refresh(identity, person.refresh_token).status_code == 401, "the old session stays ended"
    assert person.sign_in().me().status_code == 200
    [suspended] = identity.published(UserSuspended, person.id)
    updates = identity.published(UserUpdated, person.id)
    assert [(event.version, event.status) for event in updates] == [(2, "suspended"), (4, "active")]
    assert (suspended.version, suspended.reason) == (3, "spam")
    actions = [action for action in audited(identity, person) if action.startswith("user.")]
    assert actions == ["user.registered", "user.suspended", "user.reactivated"]


def test_administrators_cannot_take_their_own_powers(identity: Harness, admin: Person) -> None:
    new_person(identity, "admin")
    for answer in (set_roles(admin, admin, "student"), admin.browser.post(f"{USERS}/{admin.id}/suspend")):
        assert answer.status_code == 409
        assert answer.json()["type"] == "urn:academy:problem:own-powers"
    assert set_roles(admin, admin, "admin", "instructor").status_code == 200, "more is no loss"


@pytest.mark.parametrize("act", ["demote", "suspend"])
def test_of_two_last_admins_who_turn_on_each_other_one_remains(identity: Harness, act: str) -> None:
    dismiss_all_admins(identity)
    first, second = new_person(identity, "admin"), new_person(identity, "admin")

    def turn(admin: Person, other: Person) -> int:
        if act == "demote":
            return int(set_roles(admin, other, "student").status_code)
        return int(admin.browser.post(f"{USERS}/{other.id}/suspend").status_code)

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(turn, (first, second), (second, first)))
    assert answers.count(200) == 1, answers
    assert set(answers) <= {200, 401, 409}


def test_lists_find_people_by_name_address_role_and_status(identity: Harness, admin: Person) -> None:
    mark = str(uuid7())
    ids = [str(new_account(identity, name=f"Zoë 100% {mark}").id) for _ in range(3)]
    named = admin.browser.get(USERS, params={"query": f"100% {mark.upper()}"}).json()["items"]
    assert [user["id"] for user in named] == ids[::-1], "the newest first"
    assert admin.browser.get(USERS, params={"query": f"100_ {mark}"}).json()["items"] == []
    set_roles(admin, Person(identity, named[0]["id"], ""), "support")
    admin.browser.post(f"{USERS}/{ids[0]}/suspend")
    for wanted, found in (({"role": "support"}, ids[2:]), ({"status": "suspended"}, ids[:1])):
        items = admin.browser.get(USERS, params={"query": mark, **wanted}).json()["items"]
        assert [user["id"] for user in items] == found
    email = new_email()
    new_account(identity, email=email)
    assert len(admin.browser.get(USERS, params={"query": email}).json()["items"]) == 1


def test_lists_come_in_pages(identity: Harness, admin: Person) -> None:
    mark = str(uuid7())
    ids = [str(new_account(identity, name=mark).id) for _ in range(3)]
    first = admin.browser.get(USERS, params={"query": mark, "limit": 2}).json()
    second = admin.browser.get(USERS, params={"query": mark, "limit": 2, "cursor": first["next_cursor"]}).json()
    assert [user["id"] for user in first["items"] + second["items"]] == ids[::-1]
    assert second["next_cursor"] is None


@pytest.mark.parametrize(
    "params",
    [{"cursor": "W10"}, {"cursor": "WyJ4Il0"}, {"cursor": "?"}, {"role": "king"}, {"limit": 0}, {"query": "\x00"}],
)
def test_bad_list_parameters_are_named(admin: Person, params: dict[str, str]) -> None:
    answer = admin.browser.get(USERS, params=params)
    assert answer.status_code == 422
    assert {error["field"] for error in answer.json()["errors"]} == set(params)


def test_unknown_users_and_roles_are_refused(admin: Person, person: Person) -> None:
    for method, path in (("GET", ""), ("POST", "/suspend"), ("POST", "/reactivate")):
        assert admin.browser.request(method, f"{USERS}/{uuid7()}{path}").status_code == 404
    assert admin.browser.get(f"{USERS}/x").status_code == 422
    for roles in ([], ["king"], ["student", 1], "student", None):
        answer = admin.browser.patch(f"{USERS}/{person.id}", json={"roles": roles})
        assert answer.status_code == 422, roles
    assert admin.browser.post(f"{USERS}/{person.id}/suspend", json={"reason": "x" * 501}).status_code == 422


@pytest.mark.parametrize(("role", "reads"), [("student", 403), ("instructor", 403), ("support", 200), ("admin", 200)])
def test_who_may_what(identity: Harness, person: Person, role: str, reads: int) -> None:
    caller = new_person(identity, role).browser
    assert caller.get(USERS).status_code == reads
    assert caller.get(f"{USERS}/{person.id}").status_code == reads
    acts = 200 if role == "admin" else 403
    assert caller.patch(f"{USERS}/{person.id}", json={"roles": ["instructor"]}).status_code == acts
    assert caller.post(f"{USERS}/{person.id}/suspend").status_code == acts
    assert caller.post(f"{USERS}/{person.id}/reactivate").status_code == acts
