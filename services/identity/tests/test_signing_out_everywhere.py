"""What ends an intruder's access ends every session and API key, and says what it leaves."""

from collections.abc import Callable
from typing import Any

import pytest

from services.identity.tests.authenticator import Authenticator
from services.identity.tests.people import Person, audited, link_token, new_email, refresh
from services.identity.tests.test_a10_mailed_links import reset, reset_token
from services.identity.tests.test_api_keys import exchange, make_key, program
from services.identity.tests.test_email_change import confirm
from services.identity.tests.test_passkeys import register as register_passkey
from services.identity.tests.test_sessions import change_password
from services.identity.tests.travellers import Traveller
from shared.events import AccountSecurityChanged, EmailChangeRequested
from shared.testing import Harness
from shared.testing.openid_provider import OpenIdProviderStandIn

AUTH = "/api/v1/auth"
USERS = "/api/v1/admin/users"


def reset_by_mail(person: Person, admin: Person) -> Any:
    return reset(person.harness, reset_token(person))


def sign_out_everywhere(person: Person, admin: Person) -> Any:
    return person.browser.delete(f"{AUTH}/sessions")


def sign_out_elsewhere(person: Person, admin: Person) -> Any:
    return person.browser.delete(f"{AUTH}/sessions", params={"keep_current": True})


def sign_out_by_administrator(person: Person, admin: Person) -> Any:
    return admin.browser.post(f"{USERS}/{person.id}/sign-out")


def move(person: Person, admin: Person) -> Any:
    body = {"email": new_email(), "reason": "shown a passport"}
    assert admin.browser.post(f"{USERS}/{person.id}/move", json=body).status_code == 202
    return confirm(person, link_token(person.harness, EmailChangeRequested, person.id))


OWN: dict[Callable[[Person, Person], Any], str] = {
    reset_by_mail: "password_reset",
    sign_out_everywhere: "signed_out_everywhere",
    sign_out_elsewhere: "signed_out_elsewhere",
}


@pytest.mark.parametrize("end", [*OWN, sign_out_by_administrator, move], ids=lambda end: end.__name__)
def test_api_keys_and_their_tokens_end_with_all_sessions(
    identity: Harness, admin: Person, person: Person, end: Callable[[Person, Person], Any]
) -> None:
    made, other = make_key(person), make_key(person)
    caller = program(identity, person, made["key"])
    assert end(person, admin).status_code == 200
    assert caller.get("/api/v1/users/me").status_code == 401
    assert [exchange(identity, key["key"]).status_code for key in (made, other)] == [401, 401]
    assert audited(identity, person).count("api_key.revoked") == 2
    if end is not sign_out_elsewhere:
        assert (person.me().status_code, refresh(identity, person.refresh_token).status_code) == (401, 401)


@pytest.mark.parametrize("end", OWN, ids=lambda end: end.__name__)
def test_the_answer_and_the_mail_list_what_still_opens_the_account(
    identity: Harness,
    admin: Person,
    person: Person,
    provider: OpenIdProviderStandIn,
    end: Callable[[Person, Person], Any],
) -> None:
    assert Traveller(identity, provider).link(person).status_code == 201
    phone = register_passkey(person, Authenticator()).json()
    make_key(person)
    answer = end(person, admin).json()
    assert set(answer) == {"api_keys_revoked", "passkeys", "identities"}
    assert answer["api_keys_revoked"] == 1
    [passkey], [linked] = answer["passkeys"], answer["identities"]
    assert (passkey["id"], passkey["name"]) == (phone["id"], "Phone")
    assert (linked["provider"], linked["issuer"]) == ("house", provider.url)
    news = identity.published(AccountSecurityChanged, person.id)[-1]
    assert (news.change, news.passkeys, news.providers) == (OWN[end], ("Phone",), (provider.url,))


def test_what_is_listed_can_be_removed(identity: Harness, person: Person, provider: OpenIdProviderStandIn) -> None:
    assert Traveller(identity, provider).link(person).status_code == 201
    assert register_passkey(person, Authenticator()).status_code == 201
    answer = person.browser.delete(f"{AUTH}/sessions", params={"keep_current": True}).json()
    listed = [("passkeys", answer["passkeys"]), ("identities", answer["identities"])]
    removed = [person.browser.delete(f"{AUTH}/{kind}/{one['id']}").status_code for kind, [one] in listed]
    assert removed == [204, 204]
    again = person.browser.delete(f"{AUTH}/sessions").json()
    assert again == {"api_keys_revoked": 0, "passkeys": [], "identities": []}


def test_who_ends_nothing_is_not_mailed(identity: Harness, person: Person) -> None:
    for _ in range(2):
        assert person.browser.delete(f"{AUTH}/sessions", params={"keep_current": True}).status_code == 200
    assert identity.published(AccountSecurityChanged, person.id) == []


def test_other_peoples_keys_go_on(identity: Harness, admin: Person, person: Person) -> None:
    theirs = make_key(admin)
    sign_out_everywhere(person, admin)
    assert exchange(identity, theirs["key"]).status_code == 200


def test_a_changed_password_leaves_the_keys_to_their_programs(identity: Harness, person: Person) -> None:
    """Who changes it knows the old one and has the session: nobody has to be shut out."""
    made = make_key(person)
    caller = program(identity, person, made["key"])
    assert change_password(person).status_code == 200
    assert caller.get("/api/v1/users/me").status_code == 401
    assert exchange(identity, made["key"]).status_code == 200
