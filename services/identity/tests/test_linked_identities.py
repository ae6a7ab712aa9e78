"""Linking a provider to an account that is there: only after proof of both, and never so that nothing is left."""

from typing import Any

import pytest

from services.identity.tests.authenticator import Authenticator
from services.identity.tests.people import Person, audited, let_sign_ins_age, new_account, new_person
from services.identity.tests.test_a10_mailed_links import NEW_PASSWORD, reset, reset_token
from services.identity.tests.test_passkeys import register as register_passkey
from services.identity.tests.travellers import AUTH, Traveller, problem
from shared.events import AccountSecurityChanged
from shared.testing import Harness
from shared.testing.openid_provider import OpenIdProviderStandIn


@pytest.fixture
def traveller(identity: Harness, provider: OpenIdProviderStandIn) -> Traveller:
    return Traveller(identity, provider)


def identities(person: Person) -> list[dict[str, Any]]:
    return list(person.browser.get(f"{AUTH}/identities").json()["items"])


def confirm(person: Person, ticket: str) -> Any:
    return person.browser.post(f"{AUTH}/identities/confirm", json={"ticket": ticket})


def changes(person: Person) -> list[str]:
    return [news.change for news in person.harness.published(AccountSecurityChanged, person.id)]


def test_who_proves_the_address_and_then_the_account_is_linked(identity: Harness, traveller: Traveller) -> None:
    person = new_account(identity, email=traveller.email)
    refused = traveller.sign_in().json()
    assert refused["detail"].startswith("Sign in the way you did before")
    person.sign_in()
    made = confirm(person, refused["ticket"])
    assert (made.status_code, made.json()["provider"], made.json()["email"]) == (201, "house", traveller.email)
    assert traveller.arrive().id == person.id
    assert changes(person) == ["provider_linked"]
    assert audited(identity, person).count("identity.linked") == 1
    assert problem(confirm(person, refused["ticket"])) == (410, "ticket-invalid"), "good once"


def test_the_ticket_to_link_is_of_no_use_to_another_account(identity: Harness, traveller: Traveller) -> None:
    owner = new_account(identity, email=traveller.email)
    ticket = traveller.sign_in().json()["ticket"]
    stranger = new_person(identity)
    assert problem(confirm(stranger, ticket)) == (410, "ticket-invalid")
    assert problem(confirm(stranger, "guessed")) == (410, "ticket-invalid")
    assert identities(stranger) == []
    assert confirm(owner.sign_in(), ticket).status_code == 201, "and its owner still has it"


def test_an_account_is_linked_in_its_settings_whatever_the_address_there(person: Person, traveller: Traveller) -> None:
    made = traveller.link(person)
    assert made.status_code == 201, made.text
    assert traveller.email != person.email
    assert traveller.arrive().id == person.id
    assert changes(person) == ["provider_linked"]
    assert problem(traveller.link(person)) == (409, "identity-taken")
    assert changes(person) == ["provider_linked"]


def test_an_account_elsewhere_enters_one_account_here(identity: Harness, traveller: Traveller) -> None:
    owner = traveller.arrive()
    assert problem(traveller.link(new_person(identity))) == (409, "identity-taken")
    assert traveller.arrive().id == owner.id


def test_links_are_made_and_removed_only_soon_after_a_sign_in(identity: Harness, traveller: Traveller) -> None:
    person = new_account(identity, email=traveller.email).sign_in()
    ticket = traveller.sign_in().json()["ticket"]
    begun = person.browser.post(f"{AUTH}/identities/options", json={"provider": "house"}).json()
    let_sign_ins_age(person)
    answers = [
        person.browser.post(f"{AUTH}/identities/options", json={"provider": "house"}),
        person.browser.post(f"{AUTH}/identities", json=traveller.travel(begun)),
        confirm(person, ticket),
        person.browser.delete(f"{AUTH}/identities/{person.id}"),
    ]
    assert [problem(answer) for answer in answers] == [(403, "recent-sign-in-required")] * 4
    assert identities(person) == []


def test_a_trip_to_link_is_ended_by_who_began_it(identity: Harness, person: Person, traveller: Traveller) -> None:
    begun = person.browser.post(f"{AUTH}/identities/options", json={"provider": "house"}).json()
    stolen = new_person(identity).browser.post(f"{AUTH}/identities", json=traveller.travel(begun))
    assert problem(stolen) == (410, "ticket-invalid")


def test_the_last_way_in_stays_until_there_is_another(identity: Harness, traveller: Traveller) -> None:
    person = traveller.arrive()
    [linked] = identities(person)
    refused = person.browser.delete(f"{AUTH}/identities/{linked['id']}")
    assert problem(refused) == (409, "last-way-in")
    assert [entry["id"] for entry in identities(person)] == [linked["id"]]
    assert register_passkey(person, Authenticator()).status_code == 201
    assert person.browser.delete(f"{AUTH}/identities/{linked['id']}").status_code == 204
    [passkey] = person.browser.get(f"{AUTH}/factors").json()["passkeys"]
    assert problem(person.browser.delete(f"{AUTH}/passkeys/{passkey['id']}")) == (409, "last-way-in")
    assert changes(person) == ["passkey_added", "provider_unlinked"]


def test_an_unlinked_provider_opens_nothing(identity: Harness, person: Person, traveller: Traveller) -> None:
    linked = traveller.link(person).json()
    assert person.browser.delete(f"{AUTH}/identities/{linked['id']}").status_code == 204
    assert changes(person) == ["provider_linked", "provider_unlinked"]
    assert "identity.unlinked" in audited(identity, person)
    assert traveller.arrive().id != person.id, "it makes an account of its own, of another address"


def test_links_of_others_are_nobodys_to_see_or_remove(identity: Harness, traveller: Traveller) -> None:
    person = traveller.arrive()
    [linked] = identities(person)
    stranger = new_person(identity)
    assert identities(stranger) == []
    assert problem(stranger.browser.delete(f"{AUTH}/identities/{linked['id']}")) == (404, "identity-not-found")
    assert len(identities(person)) == 1


def test_a_mailed_link_gives_an_account_of_a_provider_its_first_password(traveller: Traveller) -> None:
    person = traveller.arrive()
    assert reset(person.harness, reset_token(person)).status_code == 200
    person.password = NEW_PASSWORD
    person.sign_in()
    [linked] = identities(person)
    assert person.browser.delete(f"{AUTH}/identities/{linked['id']}").status_code == 204
