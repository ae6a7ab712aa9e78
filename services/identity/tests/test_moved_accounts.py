"""Another address for who has lost their mailbox: an administrator stands in for the old one, the new one confirms."""

from typing import Any

import pytest

from services.identity.tests.people import (
    Person,
    audited,
    entries_about,
    let_sign_ins_age,
    new_email,
    new_person,
    refresh,
)
from services.identity.tests.test_a10_mailed_links import reset, reset_token
from services.identity.tests.test_email_change import INVALID, confirm, links, refusal
from services.identity.tests.test_who_may_what import USERS
from shared.events import AccountSecurityChanged, EmailChangeRequested, UserUpdated
from shared.testing import Harness


def move(admin: Person, person: Person, email: str) -> Any:
    return admin.browser.post(f"{USERS}/{person.id}/move", json={"email": email, "reason": "showed a passport"})


def link_to(person: Person, email: str) -> str:
    mailed = person.harness.published(EmailChangeRequested, person.id)
    [event] = [event for event in mailed if event.new_email == email]
    assert event.to_new, "no link goes to a mailbox that somebody else may read"
    return str(event.token)


def test_the_new_mailbox_confirms_and_the_old_one_hears_of_it(identity: Harness, admin: Person, person: Person) -> None:
    email = new_email()
    assert move(admin, person, email).status_code == 202
    assert person.me().json()["email"] == person.email, "nothing has changed yet"
    [news] = identity.published(AccountSecurityChanged, person.id)
    assert news.change == "email_move_begun"
    assert confirm(person, link_to(person, email)).json() == {"status": "changed"}
    assert refresh(identity, person.refresh_token).status_code == 401, "every session has ended"
    assert identity.published(UserUpdated, person.id)[0].email == email
    assert person.try_sign_in(email=email).status_code == 200
    assert audited(identity, person)[-3:-1] == ["user.email_move_begun", "user.email_changed"]
    [begun] = [entry for entry in entries_about(identity, person) if entry.action == "user.email_move_begun"]
    assert (begun.actor_id, begun.details["reason"]) == (admin.id, "showed a passport")


def test_it_voids_what_was_asked_for_before_and_is_voided_by_what_comes_after(admin: Person, person: Person) -> None:
    new, _ = links(person, new_email())
    email = new_email()
    move(admin, person, email)
    assert refusal(confirm(person, new)) == INVALID
    links(person, new_email())
    assert refusal(confirm(person, link_to(person, email))) == INVALID


def test_who_still_reads_the_old_mailbox_stops_it_by_a_new_password(admin: Person, person: Person) -> None:
    email = new_email()
    move(admin, person, email)
    assert reset(person.harness, reset_token(person)).status_code == 200
    assert refusal(confirm(person, link_to(person, email))) == INVALID


def test_an_old_sign_in_does_not_do(identity: Harness, admin: Person, person: Person) -> None:
    let_sign_ins_age(admin)
    refused = move(admin, person, new_email())
    assert (refused.status_code, refused.json()["type"]) == (403, "urn:academy:problem:recent-sign-in-required")
    assert person.harness.published(EmailChangeRequested, person.id) == []


def test_administrators_and_the_suspended_are_not_moved(identity: Harness, admin: Person, person: Person) -> None:
    other = new_person(identity, "admin")
    admin.browser.post(f"{USERS}/{person.id}/suspend")
    for somebody in (other, person):
        refused = move(admin, somebody, new_email())
        assert (refused.status_code, refused.json()["type"]) == (409, "urn:academy:problem:cannot-move")


@pytest.mark.parametrize("case", ["taken", "lookalike", "no address", "mailed enough"])
def test_an_address_that_will_not_do_is_named(identity: Harness, admin: Person, person: Person, case: str) -> None:
    email = {"taken": admin.email, "lookalike": "\u0430nn@example.com", "no address": "ann@"}.get(case, new_email())
    if case == "mailed enough":
        assert [move(admin, person, email).status_code for _ in range(3)] == [202] * 3
    expected = {"taken": 409, "mailed enough": 429}.get(case, 422)
    assert move(admin, person, email).status_code == expected
