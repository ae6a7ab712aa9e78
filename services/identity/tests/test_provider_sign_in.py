"""Signing in by an OpenID provider: who gets in, as whom."""

from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest
from pydantic import ValidationError
from sqlalchemy import func, select, update

from services.identity.factors.models import Ticket
from services.identity.providers.models import LinkedIdentity
from services.identity.secret_tokens import hash_token
from services.identity.settings import ProviderSettings, Settings
from services.identity.tests.people import Person, audited, new_account, new_email, new_person, register, verify
from services.identity.tests.test_browser_mode import HERE, cookies
from services.identity.tests.travellers import AUTH, Traveller, problem
from shared.events import RegistrationRepeated, UserRegistered
from shared.testing import Harness
from shared.testing.openid_provider import OpenIdProviderStandIn


@pytest.fixture
def traveller(identity: Harness, provider: OpenIdProviderStandIn) -> Traveller:
    return Traveller(identity, provider)


def test_whoever_may_sign_in_by_a_provider_sees_which_there_are(identity: Harness) -> None:
    offered = identity.client.get(f"{AUTH}/providers").json()
    assert offered == {"items": [{"id": "house", "name": "The House"}, {"id": "other", "name": "The Other"}]}


def test_a_newcomer_gets_an_account_with_the_address_the_provider_vouches_for(
    identity: Harness, traveller: Traveller
) -> None:
    person = traveller.arrive()
    account = person.me().json()
    assert (account["email"], account["name"], account["roles"]) == (traveller.email, "Ann Lee", ["student"])
    [registered] = identity.published(UserRegistered, person.id)
    assert (registered.email, registered.name) == (traveller.email, "Ann Lee")
    [linked] = person.browser.get(f"{AUTH}/identities").json()["items"]
    assert (linked["provider"], linked["email"]) == ("house", traveller.email)
    assert audited(identity, person) == ["user.registered", "identity.linked", "session.started"]


def test_who_comes_again_is_the_same_person_whatever_their_address_is_now(traveller: Traveller) -> None:
    person = traveller.arrive()
    again = traveller.sign_in(email=new_email(), email_verified=False)
    assert again.status_code == 200, again.text
    assert person.me(again.json()["access_token"]).json()["id"] == str(person.id)
    [linked] = person.browser.get(f"{AUTH}/identities").json()["items"]
    assert linked["last_used_at"]


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
def test_a_provider_may_sign_in_each_of_three_ways(traveller: Traveller, algorithm: str) -> None:
    traveller.provider.algorithm = algorithm
    assert traveller.sign_in().status_code == 200


def test_a_provider_may_tell_the_address_only_when_asked(traveller: Traveller) -> None:
    email = new_email()
    told = {"email": email, "email_verified": True}
    traveller.claims = {"sub": traveller.claims["sub"], "userinfo": {"sub": "somebody else", **told}}
    assert problem(traveller.sign_in()) == (401, "provider-refused")
    traveller.claims["userinfo"]["sub"] = traveller.claims["sub"]
    assert traveller.arrive().email == email


def test_the_address_to_go_to_has_all_that_the_code_flow_with_pkce_asks_for(
    identity: Harness, provider: OpenIdProviderStandIn
) -> None:
    begun = identity.client.post(f"{AUTH}/login/provider/options", json={"provider": "house"}).json()
    address = urlsplit(begun["authorization_url"])
    query = {name: values[0] for name, values in parse_qs(address.query).items()}
    assert f"{address.scheme}://{address.netloc}{address.path}" == f"{provider.url}/authorize"
    assert query["redirect_uri"] == "http://academy.test/login/callback/house"
    assert (query["response_type"], query["code_challenge_method"]) == ("code", "S256")
    assert {"openid", "email"} <= set(query["scope"].split())
    assert len({query["state"], query["nonce"], query["code_challenge"], begun["ticket"]}) == 4
    assert begun["ticket"] not in begun["authorization_url"]


def test_where_people_come_back_to_is_nobodys_choice(identity: Harness) -> None:
    evil = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "Referer": "https://evil.example"}
    begun = identity.client.post(f"{AUTH}/login/provider/options", json={"provider": "house"}, headers=evil).json()
    assert "evil" not in begun["authorization_url"]
    for member in ("redirect_uri", "return_to", "next"):
        body = {"provider": "house", member: "https://evil.example"}
        assert identity.client.post(f"{AUTH}/login/provider/options", json=body).status_code == 422


def test_the_second_factor_is_asked_for_after_a_provider_too(traveller: Traveller) -> None:
    person = traveller.arrive()
    secret = person.browser.post(f"{AUTH}/totp").json()["secret"]
    codes = person.browser.post(f"{AUTH}/totp/confirm", json={"code": pyotp.TOTP(secret).now()}).json()
    first = traveller.sign_in()
    assert (first.status_code, first.json()["methods"]) == (202, ["totp", "recovery_code"])
    step = {"ticket": first.json()["ticket"], "recovery_code": codes["recovery_codes"][0]}
    assert traveller.harness.client.post(f"{AUTH}/login/code", json=step).status_code == 200


def test_a_suspended_account_is_not_entered_by_a_provider(traveller: Traveller, admin: Person) -> None:
    person = traveller.arrive()
    admin.browser.post(f"/api/v1/admin/users/{person.id}/suspend")
    assert problem(traveller.sign_in()) == (403, "account-suspended")


def test_an_account_of_a_provider_has_no_password_until_one_is_set(identity: Harness, traveller: Traveller) -> None:
    person = traveller.arrive()
    for guess in ("x", "!", traveller.email, "violet otter parade 71"):
        assert problem(person.try_sign_in(password=guess)) == (401, "wrong-credentials")


def test_an_address_that_has_an_account_is_never_linked_silently(identity: Harness, traveller: Traveller) -> None:
    owner = new_account(identity, email=traveller.email)
    refused = traveller.sign_in()
    assert problem(refused) == (409, "sign-in-to-link")
    assert "access_token" not in refused.text
    with identity.database.begin() as session:
        linked = select(func.count()).select_from(LinkedIdentity).where(LinkedIdentity.user_id == owner.id)
        assert session.scalar(linked) == 0
    assert identity.published(RegistrationRepeated, owner.id) == []


def test_who_registered_a_foreign_address_gains_nothing_when_its_owner_comes_by_a_provider(
    identity: Harness, traveller: Traveller
) -> None:
    register(identity, email=traveller.email)
    person = traveller.arrive()
    assert verify(identity, traveller.email, "the stranger waits 88").status_code == 410, (
        "the link that was mailed is void"
    )
    assert problem(person.try_sign_in(password="the stranger waits 88")) == (401, "wrong-credentials")


@pytest.mark.parametrize(
    "claims",
    [
        {"email_verified": False},
        {"email_verified": None},
        {"email_verified": "false"},
        {"email": None},
        {"email": "nobody"},
        {"email": "ann@ex\u0430mple.com"},
    ],
)
def test_only_an_address_that_the_provider_vouches_for_makes_an_account(
    identity: Harness, traveller: Traveller, claims: dict[str, object]
) -> None:
    assert problem(traveller.sign_in(**claims)) == (403, "provider-email-unusable")
    owner = new_account(identity)
    unverified = traveller.sign_in(email=owner.email, email_verified=False)
    assert problem(unverified) == (403, "provider-email-unusable"), "and it does not tell that the address has one"


def test_a_name_that_nobody_could_print_becomes_one(traveller: Traveller) -> None:
    traveller.claims |= {"name": "A\x00nn\r\nBcc: x\u202e" + "n" * 300}
    assert len(name := traveller.arrive().me().json()["name"]) == 100
    assert name.startswith("AnnBcc: xnn")


def test_a_name_with_an_address_in_it_is_not_taken_from_a_provider(traveller: Traveller) -> None:
    traveller.claims |= {"name": "You won: evil.example/claim", "email": f"ben.{new_email()}"}
    local_part = traveller.email.split("@")[0]
    assert traveller.arrive().me().json()["name"] == local_part.replace(".", " ")


def test_of_parallel_first_sign_ins_one_makes_the_account(identity: Harness, traveller: Traveller) -> None:
    bodies = [traveller.leave() for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        statuses = sorted(answer.status_code for answer in pool.map(traveller.finish, bodies))
    assert statuses[0] == 200
    assert set(statuses) <= {200, 409}
    assert traveller.sign_in().status_code == 200
    registered = [fact for fact in identity.published(UserRegistered) if fact.email == traveller.email]
    assert len(registered) == 1


def test_a_browser_keeps_its_ticket_in_a_cookie_that_no_other_browser_has(traveller: Traveller) -> None:
    client = traveller.harness.client
    body = {"provider": "house", "browser": True}
    assert problem(client.post(f"{AUTH}/login/provider/options", json=body)) == (403, "foreign-origin")
    begun = client.post(f"{AUTH}/login/provider/options", json=body, headers=HERE)
    client.cookies.clear()
    assert set(begun.json()) == {"authorization_url", "expires_in"}
    kept = cookies(begun)["academy_provider"]
    assert (kept["samesite"], kept["path"], kept["max-age"]) == ("strict", "/api/v1/auth", "600")
    assert {"httponly", "secure"} <= kept.keys()
    back = {**traveller.travel(begun.json()), "browser": True}
    assert problem(traveller.finish(back, **HERE)) == (410, "ticket-invalid"), "another browser"
    mine = {"Cookie": f"academy_provider={kept['value']}"}
    assert problem(traveller.finish(back, **mine, Origin="https://evil.example")) == (403, "foreign-origin")
    entered = traveller.finish(back, **HERE, **mine)
    client.cookies.clear()
    assert entered.status_code == 200, entered.text
    assert {"academy_refresh", "academy_device"} <= cookies(entered).keys()


def test_a_trip_is_over_after_ten_minutes(identity: Harness, traveller: Traveller) -> None:
    body = traveller.leave()
    with identity.database.begin() as session:
        mine = update(Ticket).where(Ticket.token_hash == hash_token(body["ticket"]))
        session.execute(mine.values(expires_at=func.now()))
    assert problem(traveller.finish(body)) == (410, "ticket-invalid")


def test_a_trip_for_linking_is_none_for_signing_in_and_the_other_way_round(traveller: Traveller) -> None:
    person = new_person(traveller.harness)
    begun = person.browser.post(f"{AUTH}/identities/options", json={"provider": "house"}).json()
    assert problem(traveller.finish(traveller.travel(begun))) == (410, "ticket-invalid")
    assert problem(person.browser.post(f"{AUTH}/identities", json=traveller.leave())) == (410, "ticket-invalid")


def test_settings_that_are_not_safe_are_refused_at_the_start() -> None:
    good = {"id": "a", "name": "A", "issuer": "https://a.example", "client_id": "x", "client_secret": "0123abcd"}
    for wrong in ({"id": "A b"}, {"issuer": "a.example"}, {"issuer": "https://a.example/?x"}, {"client_secret": ""}):
        with pytest.raises(ValidationError):
            ProviderSettings.model_validate({**good, **wrong})
    for providers in ([good, good], [good, {**good, "id": "b"}]):
        with pytest.raises(ValidationError):
            Settings.model_validate({"sign_in_providers": providers})
    secrets = dict.fromkeys(("database_password", "broker_password", "internal_token", "signing_key"), "0123abcd")
    plain = [{**good, "issuer": "http://a.example"}]
    with pytest.raises(ValidationError, match="must be an https address"):
        Settings.model_validate({"environment": "production", **secrets, "sign_in_providers": plain})
