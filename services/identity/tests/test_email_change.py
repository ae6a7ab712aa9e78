"""Another address: both mailboxes must confirm, and nobody learns who has an account."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import func, update

from services.identity.credentials.models import MailLink
from services.identity.secret_tokens import hash_token
from services.identity.tests.people import (
    Person,
    audited,
    let_sign_ins_age,
    new_email,
    new_person,
    refresh,
    register,
    verify,
)
from services.identity.tests.test_a10_mailed_links import reset, reset_token
from services.identity.tests.test_sessions import FIREFOX, sign_in_from
from shared.events import (
    AccountSecurityChanged,
    EmailChangeRequested,
    RegistrationRepeated,
    UserUpdated,
)
from shared.testing import Harness

CHANGE = "/api/v1/auth/email-change"
INVALID = (410, "urn:academy:problem:link-invalid")


def ask(person: Person, email: str) -> Any:
    return person.browser.post(CHANGE, json={"email": email})


def links(person: Person, email: str) -> tuple[str, str]:
    """The links of a new request: what the new mailbox gets, and what the present one."""
    answer = ask(person, email)
    assert answer.status_code == 202, answer.text
    asked = [event for event in person.harness.published(EmailChangeRequested, person.id) if event.new_email == email]
    [new] = [event.token for event in asked[-2:] if event.to_new]
    [old] = [event.token for event in asked[-2:] if not event.to_new]
    return new, old


def confirm(person: Person, token: str) -> Any:
    return person.harness.client.post(f"{CHANGE}/confirm", json={"token": token})


def refusal(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_address_changes_when_both_mailboxes_have_confirmed(
    identity: Harness, person: Person, order: tuple[int, int]
) -> None:
    laptop, email = sign_in_from(person, FIREFOX, "203.0.113.77"), new_email()
    tokens = links(person, email)
    first, second = (tokens[number] for number in order)
    assert confirm(person, first).json() == {"status": "waiting"}
    assert refusal(confirm(person, first)) == INVALID, "a link is good once"
    assert person.me().json()["email"] == person.email
    assert confirm(person, second).json() == {"status": "changed"}
    assert person.me().json()["email"] == email, "who asked stays signed in"
    assert (laptop.me().status_code, refresh(identity, laptop.refresh_token).status_code) == (401, 401)
    [update] = identity.published(UserUpdated, person.id)
    assert (update.email, update.version) == (email, person.me().json()["version"])
    assert [news.change for news in identity.published(AccountSecurityChanged, person.id)] == ["email_changed"]
    assert audited(identity, person)[-2:] == ["user.email_change_requested", "user.email_changed"]
    assert person.try_sign_in().status_code == 401
    assert person.try_sign_in(email=email.upper()).status_code == 200


def test_the_old_address_is_free_again(identity: Harness, person: Person) -> None:
    for token in links(person, new_email()):
        confirm(person, token)
    register(identity, email=person.email)
    assert verify(identity, person.email).status_code == 201


def test_one_mailbox_alone_changes_nothing_however_often(person: Person) -> None:
    for _ in range(2):
        new, _ = links(person, new_email())
        assert confirm(person, new).json() == {"status": "waiting"}
    assert person.me().json()["email"] == person.email


def test_a_later_request_voids_the_earlier_one(person: Person) -> None:
    new, old = links(person, new_email())
    confirm(person, old)
    links(person, new_email())
    assert refusal(confirm(person, new)) == INVALID


def test_a_password_reset_ends_a_change_that_waits(identity: Harness, person: Person) -> None:
    new, old = links(person, new_email())
    assert confirm(person, new).json() == {"status": "waiting"}
    assert reset(identity, reset_token(person)).status_code == 200
    assert refusal(confirm(person, old)) == INVALID


def test_a_change_ends_the_links_that_are_in_the_old_mailbox(identity: Harness, person: Person) -> None:
    token = reset_token(person)
    for link in links(person, new_email()):
        confirm(person, link)
    assert reset(identity, token).status_code == 410


def test_nobody_learns_whether_an_address_has_an_account(identity: Harness, person: Person) -> None:
    holder, free = new_person(identity), new_email()
    taken_answer, free_answer = ask(person, holder.email), ask(person, free)
    assert taken_answer.json() == {"email": holder.email, "expires_in": 86400}
    assert {**taken_answer.json(), "email": ""} == {**free_answer.json(), "email": ""}
    asked = identity.published(EmailChangeRequested, person.id)
    of_taken = [event for event in asked if event.new_email == holder.email]
    assert [event.to_new for event in of_taken] == [False], "its holder gets no link"
    assert len(identity.published(RegistrationRepeated, holder.id)) == 1, "but word of it"


def test_an_account_that_comes_to_have_the_address_meanwhile_keeps_it(identity: Harness, person: Person) -> None:
    email = new_email()
    new, old = links(person, email)
    register(identity, email=email)
    assert verify(identity, email).status_code == 201
    assert confirm(person, new).json() == {"status": "waiting"}
    assert refusal(confirm(person, old)) == INVALID
    assert person.me().json()["email"] == person.email


def test_of_accounts_that_race_for_one_address_one_wins(identity: Harness) -> None:
    email, people = new_email(), [new_person(identity) for _ in range(3)]
    last = []
    for person in people:
        new, old = links(person, email)
        assert confirm(person, new).json() == {"status": "waiting"}
        last.append(old)
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(confirm, people, last))
    assert sorted(answer.status_code for answer in answers) == [200, 410, 410]
    assert sorted(person.me().json()["email"] == email for person in people) == [False, False, True]


def test_both_links_followed_at_once_change_the_address(identity: Harness) -> None:
    for _ in range(5):
        person, email = new_person(identity), new_email()
        with ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(confirm, [person] * 2, links(person, email)))
        assert sorted(answer.json()["status"] for answer in answers) == ["changed", "waiting"]
        assert person.me().json()["email"] == email


def test_of_a_hundred_parallel_uses_of_a_link_one_counts(person: Person) -> None:
    new, _ = links(person, new_email())
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: confirm(person, new).status_code, range(100)))
    assert sorted(answers) == [200] + [410] * 99


def test_links_expire(identity: Harness, person: Person) -> None:
    new, old = links(person, new_email())
    assert confirm(person, old).status_code == 200
    with identity.database.begin() as session:
        session.execute(update(MailLink).where(MailLink.token_hash == hash_token(new)).values(expires_at=func.now()))
    assert refusal(confirm(person, new)) == INVALID


def test_an_old_session_cannot_ask(identity: Harness, person: Person) -> None:
    let_sign_ins_age(person)
    assert refusal(ask(person, new_email())) == (403, "urn:academy:problem:recent-sign-in-required")


def test_no_mailbox_is_flooded(identity: Harness, person: Person) -> None:
    victim = new_email()
    assert {ask(person, victim).status_code for _ in range(5)} == {202}
    assert len([event for event in identity.published(EmailChangeRequested, person.id) if event.to_new]) == 3


@pytest.mark.parametrize(
    "email", ["", "no address", "a@b@c.de", "x" * 300 + "@example.com", "a\x00@example.com", "\u0430nn@example.com"]
)
def test_what_is_no_address_is_named(person: Person, email: str) -> None:
    answer = ask(person, email)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "email")
    own = ask(person, person.email.upper())
    assert own.status_code == 422
