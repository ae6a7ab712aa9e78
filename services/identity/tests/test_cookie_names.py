"""Cookies behind https have names that only https can write; a browser that has the old ones stays signed in."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from services.identity.main import create_app
from services.identity.settings import ProviderSettings, Settings
from services.identity.tests.people import Person, keep_waiting, new_account
from services.identity.tests.test_browser_mode import cookies, post
from services.identity.tests.travellers import Traveller
from services.identity.worker import create_worker
from shared.testing import Academy, Harness
from shared.testing.openid_provider import CLIENT_ID, CLIENT_SECRET, OpenIdProviderStandIn

HERE = {"Origin": "https://academy.test"}
REFRESH, DEVICE = "__Secure-academy_refresh", "__Secure-academy_device"


class Browser:
    """Its cookies, by name, as the answers have left them."""

    def __init__(self, harness: Harness) -> None:
        self.kept: dict[str, str] = {}
        self.harness = harness

    def post(self, path: str, body: Any, **headers: str) -> Any:
        """The answer, whatever it is."""
        header = "; ".join(f"{name}={value}" for name, value in self.kept.items())
        answer = post(self.harness, path, body, {**HERE, **headers, **({"Cookie": header} if header else {})})
        for name, cookie in cookies(answer).items():
            assert cookie["path"] == "/api/v1/auth"
            assert {"httponly", "secure"} <= cookie.keys()
            self.kept[name] = cookie["value"]
            if cookie["max-age"] == "0":
                del self.kept[name]
        return answer

    def sign_in(self, person: Person) -> str:
        """The access token."""
        answer = self.post("login", {"email": person.email, "password": person.password, "browser": True})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    def forget_prefixes(self) -> None:
        """As if the release before had signed it in."""
        self.kept = {name.removeprefix("__Secure-"): value for name, value in self.kept.items()}


@pytest.fixture(scope="module")
def behind_tls(
    academy: Academy, signing_key_file: Path, both_providers: list[OpenIdProviderStandIn]
) -> Iterator[Harness]:
    """Identity as it runs in production: the gateway's address is https."""
    house = ProviderSettings(
        id="house", name="The House", issuer=both_providers[0].url, client_id=CLIENT_ID, client_secret=CLIENT_SECRET
    )
    addresses = {"public_url": "https://academy.test", "frontend_url": "http://academy.test"}
    settings = academy.settings(Settings, signing_key_file=signing_key_file, sign_in_providers=[house], **addresses)
    with academy.service("identity", settings, create_app, create_worker) as harness:
        yield harness


@pytest.fixture
def browser(behind_tls: Harness) -> Browser:
    return Browser(behind_tls)


@pytest.fixture
def ann(behind_tls: Harness) -> Person:
    return new_account(behind_tls)


def test_behind_https_cookies_have_names_that_only_https_can_write(browser: Browser, ann: Person) -> None:
    browser.sign_in(ann)
    assert browser.kept.keys() == {REFRESH, DEVICE}
    first = browser.kept[REFRESH]
    assert browser.post("refresh", {}).status_code == 200
    assert browser.kept.keys() == {REFRESH, DEVICE}
    assert browser.kept[REFRESH] != first


def test_at_plain_http_they_have_names_that_every_browser_takes_there(identity: Harness, person: Person) -> None:
    body = {"email": person.email, "password": person.password, "browser": True}
    answer = post(identity, "login", body, {"Origin": "http://academy.test"})
    assert cookies(answer).keys() == {"academy_refresh", "academy_device"}


def test_a_browser_with_the_old_names_stays_signed_in_and_gets_the_new_ones(browser: Browser, ann: Person) -> None:
    browser.sign_in(ann)
    browser.forget_prefixes()
    device = browser.kept["academy_device"]
    assert browser.post("refresh", {}).status_code == 200
    assert browser.kept.keys() == {REFRESH, DEVICE}, "the old ones are gone"
    assert browser.kept[DEVICE] == device
    assert browser.post("refresh", {}).status_code == 200


def test_a_device_that_is_known_by_the_old_name_is_not_kept_waiting(browser: Browser, ann: Person) -> None:
    browser.sign_in(ann)
    browser.forget_prefixes()
    keep_waiting(ann)
    browser.sign_in(ann)
    assert browser.kept.keys() == {REFRESH, DEVICE}


def test_what_a_page_without_tls_has_planted_under_the_old_name_is_not_taken(browser: Browser, ann: Person) -> None:
    browser.sign_in(ann)
    thief = Browser(browser.harness)
    thief.sign_in(new_account(browser.harness))
    device = browser.kept[DEVICE]
    browser.kept |= {"academy_refresh": thief.kept[REFRESH], "academy_device": thief.kept[DEVICE]}
    token = browser.post("refresh", {}).json()["access_token"]
    assert ann.me(token).json()["id"] == str(ann.id)
    assert browser.kept.keys() == {REFRESH, DEVICE}
    assert browser.kept[DEVICE] == device


@pytest.mark.parametrize("old", [False, True])
def test_signing_out_takes_the_session_away_by_either_name(browser: Browser, ann: Person, old: bool) -> None:
    token = browser.sign_in(ann)
    if old:
        browser.forget_prefixes()
    kept = dict(browser.kept)
    assert browser.post("logout", None, Authorization=f"Bearer {token}").status_code == 204
    assert not [name for name in browser.kept if "refresh" in name]
    browser.kept = kept
    assert browser.post("refresh", {}).status_code == 401


@pytest.mark.parametrize("old", [False, True])
def test_a_trip_to_a_provider_ends_where_it_began_by_either_name(
    behind_tls: Harness, provider: OpenIdProviderStandIn, browser: Browser, old: bool
) -> None:
    traveller = Traveller(behind_tls, provider)
    begun = browser.post("login/provider/options", {"provider": "house", "browser": True})
    assert browser.kept.keys() == {"__Secure-academy_provider"}
    if old:
        browser.forget_prefixes()
    back = {**traveller.travel(begun.json()), "browser": True}
    entered = browser.post("login/provider", back)
    assert entered.status_code == 200, entered.text
    assert {REFRESH, DEVICE} <= browser.kept.keys()
