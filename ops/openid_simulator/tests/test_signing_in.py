"""The simulator as the academy's own client sees it, which believes nothing that the protocol does not allow."""

import os
import re
import secrets
import subprocess
import sys
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from ops.native.ports import any_free
from ops.openid_simulator.settings import offer
from services.identity.providers.errands import Errand
from services.identity.providers.fetching import ProviderAway
from services.identity.providers.id_tokens import NotProven
from services.identity.providers.oidc_gateway import OpenIdProvider
from services.identity.settings import ProviderSettings
from shared.testing import wait_until

FRONT_END = "http://front.test"
ANN = {"email": "Ann@example.com", "name": "Ann Lee", "verified": "on", "act": "sign-in"}


def answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/livez", timeout=1).status_code == 200
    except httpx.HTTPError:
        return False


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    port = any_free()
    url = f"http://127.0.0.1:{port}"
    told = {"OPENID_LISTEN": f"127.0.0.1:{port}", "OPENID_ISSUER": url, "PUBLIC_URL": FRONT_END}
    process = subprocess.Popen([sys.executable, "-m", "ops.openid_simulator"], env={**os.environ, **told})
    try:
        wait_until(lambda: answers(url), 30, "the OpenID simulator answers")
        yield url
    finally:
        process.terminate()
        process.wait(10)


def client(url: str, **settings: str) -> OpenIdProvider:
    return OpenIdProvider(ProviderSettings(**{**offer(url), **settings}), FRONT_END)


@pytest.fixture
def academy(url: str) -> OpenIdProvider:
    return client(url)


@pytest.fixture
def errand() -> Errand:
    return Errand(secrets.token_urlsafe(32))


def visit(authorization_url: str, said: dict[str, str]) -> dict[str, str]:
    """Somebody fills in the page: the query with which they come back to the front end."""
    page = httpx.get(authorization_url)
    [action] = re.findall(r'<form method="post" action="([^"]+)"', page.text)
    back = httpx.post(str(page.url.join(action.replace("&amp;", "&"))), data=said)
    return came_back(back)


def came_back(answer: httpx.Response) -> dict[str, str]:
    assert answer.status_code == 303, answer.text
    address = urlsplit(answer.headers["location"])
    assert f"{address.scheme}://{address.netloc}{address.path}" == f"{FRONT_END}/login/callback/simulator"
    return {name: values[0] for name, values in parse_qs(address.query).items()}


def test_who_somebody_says_they_are_is_proven_to_the_academy(academy: OpenIdProvider, errand: Errand) -> None:
    back = visit(academy.authorization_url(errand), ANN)
    assert back["state"] == errand.state
    person = academy.redeem(errand, back["code"], back["iss"])
    assert (person.issuer, person.email, person.name) == (academy.issuer, "Ann@example.com", "Ann Lee")


def test_an_address_is_always_the_same_persons(academy: OpenIdProvider, url: str) -> None:
    def subject(email: str) -> str:
        errand = Errand(secrets.token_urlsafe(32))
        back = visit(academy.authorization_url(errand), {**ANN, "email": email})
        return academy.redeem(errand, back["code"], back["iss"]).subject

    assert subject("ann@example.com") == subject("ANN@example.com") != subject("bob@example.com")


def test_an_address_may_be_unverified(academy: OpenIdProvider, errand: Errand) -> None:
    unverified = {name: value for name, value in ANN.items() if name != "verified"}
    back = visit(academy.authorization_url(errand), unverified)
    assert academy.redeem(errand, back["code"], back["iss"]).email == ""


def test_who_cancels_comes_back_without_a_code(academy: OpenIdProvider, errand: Errand) -> None:
    back = visit(academy.authorization_url(errand), {**ANN, "act": "cancel"})
    assert (back["error"], back["state"], "code" in back) == ("access_denied", errand.state, False)


def test_a_code_is_good_once_and_for_who_asked_for_it(academy: OpenIdProvider, errand: Errand) -> None:
    back = visit(academy.authorization_url(errand), ANN)
    for who in (Errand("somebody else's"), errand):
        with pytest.raises(NotProven, match="the code is spent"):
            academy.redeem(who, back["code"], back["iss"])


def test_a_client_without_the_secret_gets_nothing(url: str, academy: OpenIdProvider, errand: Errand) -> None:
    back = visit(academy.authorization_url(errand), ANN)
    with pytest.raises(ProviderAway, match="401, invalid_client"):
        client(url, client_secret="guessed").redeem(errand, back["code"], back["iss"])
    assert academy.redeem(errand, back["code"], back["iss"]).email == "Ann@example.com", "the code was not spent"


@pytest.mark.parametrize("wrong", [{"redirect_uri": "http://evil.test/"}, {"client_id": "somebody"}])
def test_nobody_is_sent_to_a_foreign_address(academy: OpenIdProvider, errand: Errand, wrong: dict[str, str]) -> None:
    address = httpx.URL(academy.authorization_url(errand)).copy_merge_params(wrong)
    for answer in (httpx.get(address), httpx.post(address, data=ANN)):
        assert (answer.status_code, "location" in answer.headers) == (400, False)


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "email"}, "invalid_scope"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
    ],
)
def test_a_request_that_is_not_safe_comes_back_refused(
    academy: OpenIdProvider, errand: Errand, wrong: dict[str, str], error: str
) -> None:
    address = httpx.URL(academy.authorization_url(errand)).copy_merge_params(wrong)
    back = came_back(httpx.get(address))
    assert (back["error"], back["state"]) == (error, errand.state)
