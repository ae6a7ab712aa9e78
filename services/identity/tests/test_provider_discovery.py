"""What a provider publishes of itself: asked for seldom, and believed only when it fits its settings."""

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import pytest

from services.identity.providers.errands import Errand
from services.identity.providers.fetching import ProviderAway
from services.identity.providers.id_tokens import NotProven
from services.identity.providers.oidc_gateway import OpenIdProvider, Proven
from services.identity.settings import ProviderSettings
from services.identity.tests.test_provider_answers import BAD_ANSWERS, writes
from shared.testing import wait_until
from shared.testing.openid_provider import CLIENT_ID, CLIENT_SECRET, OpenIdProviderStandIn

ERRAND = Errand("a secret of this trip")


@pytest.fixture
def stand_in() -> Iterator[OpenIdProviderStandIn]:
    stand_in = OpenIdProviderStandIn("http://academy.test/login/callback/fresh")
    yield stand_in
    stand_in.close()


def known_as(stand_in: OpenIdProviderStandIn, **settings: Any) -> OpenIdProvider:
    """The provider as a process sees it that has just begun."""
    facts = {"id": "fresh", "name": "Fresh", "issuer": stand_in.url, "client_id": CLIENT_ID} | settings
    return OpenIdProvider(ProviderSettings(client_secret=CLIENT_SECRET, **facts), "http://academy.test")


def come_back(stand_in: OpenIdProviderStandIn, provider: OpenIdProvider) -> Proven:
    back = stand_in.visit(provider.authorization_url(ERRAND), sub="me", email="me@example.com")
    assert back["state"] == ERRAND.state
    return provider.redeem(ERRAND, back["code"], "")


def test_addresses_and_keys_are_asked_for_once(stand_in: OpenIdProviderStandIn) -> None:
    provider = known_as(stand_in)
    for _ in range(3):
        assert come_back(stand_in, provider) == Proven(stand_in.url, "me", "me@example.com", "")
    assert stand_in.calls.count("/.well-known/openid-configuration") == stand_in.calls.count("/keys") == 1


def test_a_secret_goes_where_the_provider_wants_it(stand_in: OpenIdProviderStandIn) -> None:
    for ways in (["client_secret_post"], ["client_secret_basic", "client_secret_post"], ["none", "client_secret_post"]):
        stand_in.discovered = {"token_endpoint_auth_methods_supported": ways}
        assert come_back(stand_in, known_as(stand_in)).subject == "me"


def test_a_new_key_of_the_provider_is_known_within_seconds(stand_in: OpenIdProviderStandIn) -> None:
    provider = known_as(stand_in)
    come_back(stand_in, provider)
    stand_in.generation = 2

    def let_in() -> bool:
        try:
            return come_back(stand_in, provider).subject == "me"
        except NotProven:
            return False

    assert not let_in(), "not asked again at once"
    wait_until(let_in, 10, "the new key")


def test_invented_key_ids_do_not_make_us_ask_and_ask(stand_in: OpenIdProviderStandIn) -> None:
    provider = known_as(stand_in)
    come_back(stand_in, provider)
    stand_in.forge = lambda claims: stand_in.sign(claims, kid=f"invented {len(stand_in.calls)}")
    for _ in range(20):
        with pytest.raises(NotProven):
            come_back(stand_in, provider)
    assert stand_in.calls.count("/keys") <= 2


@pytest.mark.parametrize(
    "discovered",
    [
        {"issuer": "https://evil.example"},
        {"authorization_endpoint": None},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"token_endpoint": "file:///etc/passwd"},
        {"jwks_uri": ["http://a.example"]},
        {"userinfo_endpoint": ""},
        {"as_true_as_long": "x" * 300_000},
    ],
)
def test_what_does_not_fit_the_settings_is_not_believed(
    stand_in: OpenIdProviderStandIn, discovered: dict[str, Any]
) -> None:
    stand_in.discovered = discovered
    with pytest.raises(ProviderAway):
        known_as(stand_in).authorization_url(ERRAND)


INSIDE = (
    *("127.0.0.2", "2130706433", "0x7f.1", "0", "10.1.2.3", "100.64.0.1", "169.254.169.254", "224.0.0.1"),
    *("[::1]", "[::ffff:10.1.2.3]", "[2002:a01:203::]", "[fd00::1]", "[fe80::1]", "[fe80::1%25lo]"),
)


@pytest.mark.parametrize(
    ("name", "host"),
    [(name, "localhost") for name in ("token_endpoint", "jwks_uri", "userinfo_endpoint")]
    + [("jwks_uri", host) for host in INSIDE],
)
def test_an_address_inside_that_a_provider_names_is_not_asked(
    stand_in: OpenIdProviderStandIn, name: str, host: str
) -> None:
    inside = OpenIdProviderStandIn("http://academy.test/login/callback/fresh")
    stand_in.discovered = {name: f"http://{host}:{urlsplit(inside.url).port}/keys"}
    with pytest.raises(ProviderAway, match="leads to a private address"):
        come_back(stand_in, known_as(stand_in))
    inside.close()
    assert inside.calls == []


def test_a_provider_may_live_inside_itself_and_name_hosts_outside(stand_in: OpenIdProviderStandIn) -> None:
    stand_in.discovered = {
        "userinfo_endpoint": "http://203.0.114.7/userinfo",
        "token_endpoint": "http://token.invalid/",
    }
    assert known_as(stand_in).authorization_url(ERRAND).startswith(f"{stand_in.url}/authorize?")


def test_the_page_that_only_browsers_open_may_be_where_the_browser_is(stand_in: OpenIdProviderStandIn) -> None:
    stand_in.discovered = {"authorization_endpoint": "http://localhost:8070/authorize"}
    assert known_as(stand_in).authorization_url(ERRAND).startswith("http://localhost:8070/authorize?")


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/keys"])
@pytest.mark.parametrize("answer", BAD_ANSWERS.values(), ids=BAD_ANSWERS)
def test_a_provider_that_publishes_no_sense_is_away(stand_in: OpenIdProviderStandIn, path: str, answer: Any) -> None:
    stand_in.instead[path] = answer
    provider = known_as(stand_in)
    with pytest.raises(ProviderAway):
        come_back(stand_in, provider)
    stand_in.instead.clear()

    def is_back() -> bool:
        try:
            return come_back(stand_in, provider).subject == "me"
        except ProviderAway:
            return False

    assert not is_back(), "not asked again at once"


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/keys", "/token", "/userinfo"])
def test_where_a_provider_redirects_to_is_not_asked(stand_in: OpenIdProviderStandIn, path: str) -> None:
    stand_in.instead[path] = writes(302, b"{}", Location=f"{stand_in.url}/elsewhere")
    provider = known_as(stand_in)
    with suppress(ProviderAway, NotProven):
        back = stand_in.visit(provider.authorization_url(ERRAND), sub="me", userinfo={"email": "me@example.com"})
        provider.redeem(ERRAND, back["code"], "")
    assert path in stand_in.calls
    assert "/elsewhere" not in stand_in.calls


def test_a_provider_that_is_away_is_asked_again_two_seconds_later(stand_in: OpenIdProviderStandIn) -> None:
    stand_in.instead["/.well-known/openid-configuration"] = BAD_ANSWERS["an error"]
    provider = known_as(stand_in)
    for _ in range(5):
        with pytest.raises(ProviderAway):
            provider.authorization_url(ERRAND)
    assert len(stand_in.calls) == 1
    stand_in.instead.clear()

    def is_back() -> bool:
        try:
            return bool(provider.authorization_url(ERRAND))
        except ProviderAway:
            return False

    wait_until(is_back, 5, "the provider")


@pytest.mark.parametrize("answered", [True, False])
def test_a_provider_that_names_itself_in_its_answers_has_to(stand_in: OpenIdProviderStandIn, answered: bool) -> None:
    stand_in.discovered = {"authorization_response_iss_parameter_supported": True}
    provider = known_as(stand_in)
    back = stand_in.visit(provider.authorization_url(ERRAND), sub="me")
    if answered:
        assert provider.redeem(ERRAND, back["code"], stand_in.url).subject == "me"
    else:
        with pytest.raises(NotProven):
            provider.redeem(ERRAND, back["code"], "")


def test_keys_that_are_none_or_too_short_prove_nothing(stand_in: OpenIdProviderStandIn) -> None:
    right = stand_in.jwks()["keys"][0]
    for wrong in (
        {"kty": "oct", "k": "AAAA"},
        {"alg": "HS256"},
        {"use": "enc"},
        {"n": "AQAB"},
        {"n": 7},
        {"kid": None},
    ):
        stand_in.instead["/keys"] = writes(200, json.dumps({"keys": [{**right, **wrong}, "x"]}).encode())
        with pytest.raises(NotProven):
            come_back(stand_in, known_as(stand_in))
