"""What a provider, or somebody in its place, may send us without anybody getting in."""

import base64
import hmac
import json
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from threading import Event
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import select

from services.identity import refusals
from services.identity.providers.discovery import fitting_keys
from services.identity.tests.travellers import AUTH, Traveller, problem
from shared.auditing.tables import audit
from shared.networks import throttled_network
from shared.testing import Harness
from shared.testing.limits import end_period
from shared.testing.openid_provider import CLIENT_ID, OpenIdProviderStandIn

Forge = Callable[[OpenIdProviderStandIn, dict[str, Any]], str]


@pytest.fixture
def traveller(identity: Harness, provider: OpenIdProviderStandIn) -> Traveller:
    return Traveller(identity, provider)


def changed(**changes: Any) -> Forge:
    """The right token but for these claims; None leaves one out, times are seconds from now."""

    def forge(provider: OpenIdProviderStandIn, claims: dict[str, Any]) -> str:
        moved = {name: now(value) if name in ("iat", "exp") and value else value for name, value in changes.items()}
        return provider.sign({name: value for name, value in {**claims, **moved}.items() if value is not None})

    return forge


def by_hand(header: dict[str, Any], claims: dict[str, Any], key: bytes) -> str:
    """A token as no library makes it."""
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (header, claims)]
    signature = hmac.digest(key, b".".join(parts), "sha256") if key else b""
    return b".".join([*parts, base64.urlsafe_b64encode(signature).rstrip(b"=")]).decode()


def signed_with_the_public_key(provider: OpenIdProviderStandIn, claims: dict[str, Any]) -> str:
    public = provider.keys["RS256"].public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return by_hand({"alg": "HS256", "kid": "RS256-1"}, claims, public)


def signed_by_a_stranger(provider: OpenIdProviderStandIn, claims: dict[str, Any]) -> str:
    stranger = rsa.generate_private_key(65537, 2048)
    return jwt.encode(claims, stranger, "RS256", {"kid": "RS256-1"})


def with_its_own_key(provider: OpenIdProviderStandIn, claims: dict[str, Any]) -> str:
    return provider.sign(claims, jwk=provider.jwks()["keys"][0])


def now(seconds: int) -> int:
    return int(time.time()) + seconds


BAD_TOKENS: dict[str, Forge] = {
    "wrong nonce": changed(nonce="another"),
    "no nonce": changed(nonce=None),
    "wrong audience": changed(aud="another-client"),
    "several audiences and no azp": changed(aud=[CLIENT_ID, "another-client"]),
    "another client's azp": changed(azp="another-client"),
    "wrong issuer": changed(iss="https://evil.example"),
    "expired": changed(exp=-120, iat=-300),
    "no expiry": changed(exp=None),
    "made in the future": changed(iat=600, exp=900),
    "made long ago": changed(iat=-3600, exp=3600),
    "no subject": changed(sub=None),
    "an empty subject": changed(sub=""),
    "a long subject": changed(sub="s" * 256),
    "a number for a subject": changed(sub=7),
    "another access token's": changed(at_hash="AAAAAAAAAAAAAAAAAAAAAA"),
    "algorithm none": lambda provider, claims: by_hand({"alg": "none", "kid": "RS256-1"}, claims, b""),
    "algorithm None": lambda provider, claims: by_hand({"alg": "None", "kid": "RS256-1"}, claims, b""),
    "HMAC by the public key": signed_with_the_public_key,
    "HMAC by the client's secret": lambda provider, claims: by_hand({"alg": "HS256", "kid": "x"}, claims, b"s3cret"),
    "a stranger's key": signed_by_a_stranger,
    "a key of its own": with_its_own_key,
    "an unknown key": lambda provider, claims: provider.sign(claims, kid="another"),
    "a number for a key id": lambda provider, claims: by_hand({"alg": "RS256", "kid": 1}, claims, b"x"),
    "another key's id": lambda provider, claims: provider.sign(claims, kid="ES256-1"),
    "an algorithm of RSA that is none of ours": lambda provider, claims: jwt.encode(
        claims, provider.keys["RS256"], "PS256", {"kid": "RS256-1"}
    ),
    "no token": lambda provider, claims: "a.b.c",
    "a huge token": lambda provider, claims: provider.sign({**claims, "x": "x" * 20_000}),
}


@pytest.mark.parametrize("forge", BAD_TOKENS.values(), ids=BAD_TOKENS)
def test_an_id_token_that_does_not_prove_it_lets_nobody_in(traveller: Traveller, forge: Forge) -> None:
    traveller.provider.forge = lambda claims: forge(traveller.provider, claims)
    refused = traveller.sign_in()
    assert problem(refused) == (401, "provider-refused"), refused.text
    assert "Begin again" in refused.json()["detail"]
    traveller.provider.forge = None
    assert traveller.sign_in().status_code == 200, "and the next one is let in"


def test_a_token_without_a_key_id_is_good_while_one_key_fits(traveller: Traveller) -> None:
    keys = traveller.provider.keys
    traveller.provider.forge = lambda claims: jwt.encode(claims, keys["RS256"], "RS256")
    assert traveller.sign_in().status_code == 200


def test_key_ids_are_optional_where_one_key_fits(traveller: Traveller) -> None:
    keys = traveller.provider.jwks()["keys"]
    [rsa] = [key for key in keys if key["kty"] == "RSA"]
    second, unnamed = {**rsa, "kid": "RS256-2"}, {name: value for name, value in rsa.items() if name != "kid"}
    assert fitting_keys(keys, None, "RS256") == [rsa]
    assert fitting_keys([*keys, second], None, "RS256") == [rsa, second], "either: it says nothing"
    assert fitting_keys([*keys, second], "RS256-2", "RS256") == [second]
    assert fitting_keys([unnamed], "any", "RS256") == [unnamed]
    assert fitting_keys(keys, "another", "RS256") == fitting_keys([{**rsa, "use": "enc"}], None, "RS256") == []


def test_several_audiences_are_good_when_the_token_was_made_for_us(traveller: Traveller) -> None:
    forge = changed(aud=[CLIENT_ID, "an-api"], azp=CLIENT_ID)
    traveller.provider.forge = lambda claims: forge(traveller.provider, claims)
    assert traveller.sign_in().status_code == 200


def test_a_refused_sign_in_stands_in_the_audit_log(identity: Harness, traveller: Traveller) -> None:
    # Only the first of a network and day are recorded each, and other tests are refused as well.
    end_period(identity, refusals.RECORDED, f"nobody from {throttled_network('127.0.0.1')}")
    traveller.provider.forge = lambda claims: "forged"
    request_id = traveller.sign_in().json()["request_id"]
    with identity.database.begin() as session:
        [entry] = session.execute(select(audit).where(audit.c.request_id == request_id))
    assert (entry.action, entry.details) == ("sign_in.refused", {"reason": "not proven", "provider": "house"})


def test_an_answer_is_good_once(traveller: Traveller) -> None:
    body = traveller.leave()
    assert traveller.finish(body).status_code == 200
    assert problem(traveller.finish(body)) == (410, "ticket-invalid")


def test_a_code_is_good_once_and_for_who_asked_for_it(traveller: Traveller) -> None:
    first = traveller.leave()
    second = traveller.leave()
    assert problem(traveller.finish({**second, "code": first["code"]})) == (401, "provider-refused"), "not their PKCE"
    assert problem(traveller.finish(first)) == (401, "provider-refused"), "and it is spent now"


def test_somebody_elses_answer_is_refused_and_spends_nothing(identity: Harness, traveller: Traveller) -> None:
    mine, theirs = traveller.leave(), Traveller(identity, traveller.provider).leave()
    for foreign in ({"state": theirs["state"], "code": theirs["code"]}, {"state": "x"}, {"state": ""}):
        assert problem(traveller.finish({**mine, **foreign})) == (410, "ticket-invalid")
    assert problem(traveller.finish({**theirs, "ticket": mine["ticket"]})) == (410, "ticket-invalid")
    assert problem(traveller.finish({**theirs, "ticket": ""})) == (410, "ticket-invalid")
    assert traveller.finish(mine).status_code == 200


def test_one_providers_answer_is_not_taken_for_anothers(traveller: Traveller) -> None:
    assert problem(traveller.finish({**traveller.leave(), "provider": "other"})) == (410, "ticket-invalid")
    assert problem(traveller.finish({**traveller.leave(), "iss": "https://evil.example"})) == (401, "provider-refused")
    assert traveller.finish({**traveller.leave(), "iss": traveller.provider.url}).status_code == 200


def test_the_same_subject_at_another_provider_is_somebody_else(
    identity: Harness, traveller: Traveller, both_providers: list[OpenIdProviderStandIn]
) -> None:
    person = traveller.arrive()
    elsewhere = Traveller(identity, both_providers[1], "other")
    elsewhere.claims["sub"] = traveller.claims["sub"]
    assert elsewhere.arrive().id != person.id


@pytest.mark.parametrize(
    "change",
    [
        {"provider": "nobody"},
        {"provider": "p" * 10_000},
        {"code": ""},
        {"code": "c" * 5000},
        {"state": "s" * 10_000},
        {"ticket": "t" * 10_000},
        {"iss": 7},
        {"redirect_uri": "https://evil.example"},
    ],
)
def test_bad_input_is_refused_by_the_name_of_its_field(traveller: Traveller, change: dict[str, Any]) -> None:
    body = {"provider": "house", "ticket": "t", "state": "s", "code": "c"}
    refused = traveller.finish({**body, **change})
    assert (refused.status_code, [error["field"] for error in refused.json()["errors"]]) == (422, list(change))


def writes(status: int, body: bytes, **headers: str) -> Callable[[BaseHTTPRequestHandler], None]:
    def write(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return write


def hangs_up(handler: BaseHTTPRequestHandler) -> None:
    handler.connection.close()


BAD_ANSWERS = {
    "an error": writes(500, b'{"error": "server_error"}'),
    "too many requests": writes(429, b"{}"),
    "our secret is wrong": writes(401, b'{"error": "invalid_client"}'),
    "nothing": writes(200, b""),
    "a page": writes(200, b"<html>Please sign in to the hotel's network</html>"),
    "a list": writes(200, b"[]"),
    "no tokens": writes(200, b"{}"),
    "tokens of the wrong kind": writes(200, b'{"id_token": {}, "access_token": 7}'),
    "no text": writes(200, b"\xff\xfe\x00"),
    "depth": writes(200, b'{"a":' * 50_000),
    "too much": writes(200, b" " * 300_000 + b"{}"),
    "a redirect": writes(302, b"", Location="http://169.254.169.254/latest/meta-data"),
    "an encoding nobody asked for": writes(200, b"\x1f\x8b\x08\x00", Content_Encoding="gzip"),
    "half an answer": writes(200, b"{", Content_Length="100"),
    "a broken line": hangs_up,
}


@pytest.mark.parametrize("answer", BAD_ANSWERS.values(), ids=BAD_ANSWERS)
def test_a_provider_that_answers_no_sense_is_a_503_that_says_what_to_do(
    traveller: Traveller, answer: Callable[[BaseHTTPRequestHandler], None]
) -> None:
    traveller.provider.instead["/token"] = answer
    refused = traveller.sign_in()
    assert problem(refused) == (503, "provider-unavailable"), refused.text
    assert refused.headers["retry-after"]
    assert "sign in without The House" in refused.json()["detail"]
    traveller.provider.instead.clear()
    assert traveller.sign_in().status_code == 200


def says_nothing(handler: BaseHTTPRequestHandler, told_off: Event) -> None:
    told_off.wait(30)


def answers_in_drops(handler: BaseHTTPRequestHandler, told_off: Event) -> None:
    handler.send_response(200)
    handler.end_headers()
    while not told_off.wait(0.5):
        handler.wfile.write(b" ")
        handler.wfile.flush()


@pytest.mark.parametrize("hesitate", [says_nothing, answers_in_drops])
def test_a_slow_provider_keeps_nobody_waiting_for_long(
    traveller: Traveller, hesitate: Callable[[BaseHTTPRequestHandler, Event], None]
) -> None:
    told_off = Event()
    traveller.provider.instead["/token"] = lambda handler: hesitate(handler, told_off)
    began = time.monotonic()
    assert problem(traveller.sign_in()) == (503, "provider-unavailable")
    told_off.set()
    assert time.monotonic() - began < 12
    assert traveller.harness.client.get(f"{AUTH}/providers").status_code == 200
