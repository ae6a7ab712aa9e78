"""Which sign-in counts for what needs a recent one: every way a session begins, with and without a second factor."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from uuid_utils.compat import uuid7

from services.identity.models import UserSession
from services.identity.tests import members
from services.identity.tests.members import Member
from services.identity.tests.people import Person, let_sign_ins_age, new_email, new_person
from services.identity.tests.test_a10_mailed_links import NEW_PASSWORD
from services.identity.tests.test_sessions import change_password
from services.identity.tests.travellers import Traveller
from shared.testing import Harness
from shared.testing.openid_provider import OpenIdProviderStandIn

AUTH = "/api/v1/auth"
USERS = "/api/v1/admin/users"
REQUIRED = (403, "urn:academy:problem:recent-sign-in-required")
# All routes that need a recent sign-in, with bodies that pass the shape and change nothing where the sign-in counts.
ROUTES: dict[str, Any] = {
    f"POST {AUTH}/email-change": {"email": "no address"},
    f"POST {AUTH}/totp/confirm": {"code": "000000"},
    f"POST {AUTH}/passkeys/options": None,
    f"POST {AUTH}/passkeys": {"ticket": "x", "name": "x", "credential": {}},
    f"DELETE {AUTH}/passkeys/{uuid7()}": None,
    f"POST {AUTH}/identities/options": {"provider": "house"},
    f"POST {AUTH}/identities": {"provider": "house", "ticket": "x", "state": "x", "code": "x"},
    f"POST {AUTH}/identities/confirm": {"ticket": "x"},
    f"DELETE {AUTH}/identities/{uuid7()}": None,
    f"POST {AUTH}/api-keys": {"name": "x", "scopes": ["users:erase"]},
}
DESTRUCTIVE: dict[str, Any] = {
    f"POST {AUTH}/totp": None,
    f"DELETE {AUTH}/totp": None,
    f"POST {AUTH}/recovery-codes": None,
    "POST /api/v1/users/me/erasure": None,
}


COUNTS: list[tuple[str, Callable[[Member], None], list[str]]] = [
    ("", members.password, ["password"]),
    ("", members.provider, ["provider"]),
    ("", members.unknown_factors, []),
    ("", members.then_refresh(members.keep), ["password"]),
    ("", members.then_new_password(members.keep), ["password"]),
    ("", members.reset_by_mail, ["password"]),
    ("", members.registration, ["registration_link", "password"]),
    ("", members.invitation, ["password"]),
    ("", members.confirmed_email_change(0), ["password"]),
    ("totp", members.keep, ["password", "totp"]),
    ("totp", members.password_totp, ["password", "totp"]),
    ("totp", members.password_recovery_code, ["password", "recovery_code"]),
    ("totp", members.provider_totp, ["provider", "totp"]),
    ("totp", members.then_new_password(members.password_totp), ["password", "totp"]),
    ("passkey", members.keep, ["password", "passkey"]),
    ("passkey", members.passkey, ["passkey"]),
    ("passkey", members.password_passkey, ["password", "passkey"]),
    ("passkey", members.password_recovery_code, ["password", "recovery_code"]),
    ("passkey", members.provider_passkey, ["provider", "passkey"]),
    ("totp passkey", members.passkey, ["passkey"]),
    ("totp passkey", members.password_passkey, ["password", "passkey"]),
    ("totp passkey", members.password_recovery_code, ["password", "recovery_code"]),
]
COUNTS_NOT: list[tuple[str, Callable[[Member], None], list[str]]] = [
    ("", members.then_refresh(members.keep, 11), []),
    ("", members.then_new_password(members.keep, 11), []),
    ("", members.confirmed_email_change(11), []),
    ("totp", members.earlier_password, ["totp", "recovery_code"]),
    ("totp", members.unknown_factors, ["totp", "recovery_code"]),
    ("totp", members.then_refresh(members.earlier_password), ["totp", "recovery_code"]),
    ("totp", members.then_new_password(members.earlier_password), ["totp", "recovery_code"]),
    ("totp", members.then_new_password(members.password_totp, 11), ["totp", "recovery_code"]),
    ("passkey", members.earlier_password, ["passkey", "recovery_code"]),
    ("passkey", members.unknown_factors, ["passkey", "recovery_code"]),
    ("passkey", members.then_new_password(members.earlier_password), ["passkey", "recovery_code"]),
    ("totp passkey", members.password_totp, ["passkey", "recovery_code"]),
    ("totp passkey", members.provider_totp, ["passkey", "recovery_code"]),
]


@pytest.fixture
def member(identity: Harness, person: Person, provider: OpenIdProviderStandIn) -> Member:
    traveller = Traveller(identity, provider)
    assert traveller.link(person).status_code == 201
    return Member(person, traveller)


def call(person: Person, route: str, body: Any) -> tuple[int, str]:
    method, path = route.split(" ")
    answer = person.browser.request(method, path, json=body)
    assert answer.status_code < 500, answer.text
    is_problem = answer.headers.get("content-type") == "application/problem+json"
    return answer.status_code, answer.json()["type"] if is_problem else ""


def names(cases: list[tuple[str, Callable[[Member], None], list[str]]]) -> list[str]:
    return [f"{number}-{factors or 'none'}-{begin.__name__}" for number, (factors, begin, _) in enumerate(cases)]


@pytest.mark.parametrize(("factors", "begin", "shown"), COUNTS, ids=names(COUNTS))
def test_a_recent_sign_in_with_the_strongest_factor_counts(
    member: Member, factors: str, begin: Callable[[Member], None], shown: list[str]
) -> None:
    member.enrol(factors)
    begin(member)
    answers = {route: call(member.person, route, body) for route, body in ROUTES.items()}
    assert REQUIRED not in answers.values(), answers
    with member.person.harness.database.begin() as session:
        own = select(UserSession.factors).where(UserSession.user_id == member.person.id)
        latest = session.scalars(own.order_by(UserSession.id.desc()).limit(1)).one()
    assert latest == shown


@pytest.mark.parametrize(("factors", "begin", "wanted"), COUNTS_NOT, ids=names(COUNTS_NOT))
def test_an_old_sign_in_and_one_without_the_strongest_factor_do_not_count(
    member: Member, factors: str, begin: Callable[[Member], None], wanted: list[str]
) -> None:
    member.enrol(factors)
    begin(member)
    answers = {route: call(member.person, route, body) for route, body in (ROUTES | DESTRUCTIVE).items()}
    assert set(answers.values()) == {REQUIRED}, answers
    refused = member.person.browser.delete(f"{AUTH}/totp").json()
    assert refused["factors"] == wanted
    words = {"passkey": "your passkey", "totp": "your authenticator app"}
    assert all(words[name] in refused["detail"] for name in wanted if name in words)


@pytest.mark.parametrize("begin", [members.impersonation, members.api_key])
def test_no_persons_sign_in_counts_at_no_route(member: Member, begin: Callable[[Member], None]) -> None:
    begin(member)
    answers = {route: call(member.person, route, body)[0] for route, body in (ROUTES | DESTRUCTIVE).items()}
    assert set(answers.values()) == {403}, answers


def test_an_administrator_needs_the_own_strongest_factor(identity: Harness, member: Member) -> None:
    admin = Member(new_person(identity, "admin"), member.traveller)
    admin.enrol("totp")
    body = {"email": new_email(), "reason": "shown a passport"}
    members.earlier_password(admin)
    assert call(admin.person, f"POST {USERS}/{member.person.id}/move", body) == REQUIRED
    members.password_totp(admin)
    assert call(admin.person, f"POST {USERS}/{member.person.id}/move", body) == (202, "")


def test_the_password_and_a_found_session_do_not_remove_the_second_factor(member: Member) -> None:
    member.enrol("totp")
    let_sign_ins_age(member.person, 60)
    member.go_on_with(change_password(member.person))
    removed = call(member.person, f"DELETE {AUTH}/totp", None)
    made = call(member.person, f"POST {AUTH}/api-keys", {"name": "x", "scopes": ["account:use"]})
    assert (removed, made) == (REQUIRED, REQUIRED)
    assert member.person.try_sign_in(password=NEW_PASSWORD).status_code == 202
