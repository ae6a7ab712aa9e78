"""What a service does with every token but a good one: 401, never 5xx, and the reason stays in the log."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated
from uuid import UUID

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Request
from pydantic import SecretStr
from uuid_utils.compat import uuid7

from shared.app import create_app
from shared.auth import OPTIONAL, PUBLIC, Actor, Internal, require
from shared.errors import Unauthorized
from shared.inbox import Handlers
from shared.revocations import RevocationFeed
from shared.settings import Settings
from shared.testing import Academy, Harness, IdentityStandIn, wait_until
from shared.testing.bad_tokens import BAD_TOKENS, Make, unsigned
from shared.token_keys import InvalidToken, KeySet, KeysUnavailable
from shared.tokens import LEEWAY_SECONDS, Claims, TokenVerifier
from shared.worker import Worker

router = APIRouter()


@router.get("/mine")
def read_mine(actor: Annotated[Actor, require("account:use")]) -> dict[str, str]:
    """For the signed in."""
    return {"user_id": str(actor.user_id)}


@router.get("/admin")
def read_admin(actor: Annotated[Actor, require("users:admin")]) -> dict[str, str]:
    """For administrators."""
    return {"user_id": str(actor.user_id)}


@router.get("/maybe")
def read_maybe(actor: Annotated[Actor | None, OPTIONAL]) -> dict[str, bool]:
    """For anyone."""
    return {"known": actor is not None}


@pytest.fixture(scope="module")
def service(academy: Academy) -> Iterator[Harness]:
    with service_beside(academy, academy.identity.url) as harness:
        yield harness


@contextmanager
def service_beside(academy: Academy, identity_url: str) -> Iterator[Harness]:
    def app(settings: Settings) -> FastAPI:
        return create_app("live", "Tokens", settings, [router])

    settings = academy.settings(Settings, identity_url=identity_url)
    with academy.service("live", settings, app, lambda s: Worker("live", s, Handlers())) as harness:
        yield harness


@pytest.mark.parametrize("make", BAD_TOKENS.values(), ids=BAD_TOKENS.keys())
def test_a_bad_token_is_401_on_every_kind_of_protected_route(service: Harness, make: Make) -> None:
    token = make(service.academy.identity)
    for path in ("/mine", "/admin", "/maybe"):
        answer = service.client.get(path, headers={b"Authorization": b"Bearer " + token.encode("latin-1")})
        assert answer.status_code == 401, path
        assert answer.json()["type"] == "urn:academy:problem:not-authenticated"
        assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("header", ["", "Bearer", "Basic YTpi", "bearer"])
def test_a_missing_or_other_credential_is_401(service: Harness, header: str) -> None:
    assert service.client.get("/mine", headers={"Authorization": header}).status_code == 401


def test_a_good_token_is_accepted_and_identity_headers_are_not(service: Harness) -> None:
    user_id = uuid7()
    me = service.caller(user_id=user_id)
    answer = me.get("/mine", headers={"X-User-Id": str(uuid7()), "X-User-Roles": "admin"})
    assert UUID(answer.json()["user_id"]) == user_id
    assert me.get("/admin", headers={"X-User-Roles": "admin"}).status_code == 403
    assert service.client.get("/maybe").json() == {"known": False}


def test_a_token_that_was_accepted_is_refused_once_it_has_expired(
    service: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    expires_at = int(time.time()) + 60
    headers = {"Authorization": f"Bearer {service.academy.identity.token(uuid7(), exp=expires_at)}"}
    assert service.client.get("/mine", headers=headers).status_code == 200
    real_time = time.time
    monkeypatch.setattr(time, "time", lambda: real_time() + 60 + LEEWAY_SECONDS)
    assert service.client.get("/mine", headers=headers).status_code == 401


def test_after_identity_was_restored_from_a_backup_its_new_revocations_count() -> None:
    identity = IdentityStandIn()
    feed = RevocationFeed(f"{identity.url}/internal/revocations", "token")
    ended = str(uuid7())
    with httpx.Client() as client:
        for _ in range(3):
            identity.revoke_session(str(uuid7()))
        feed.pull(client)
        # The backup knows of one of the three; a new one gets a number that the feed has seen already.
        del identity.revocations[1:]
        identity.revoke_session(ended)
        for _ in range(2):
            feed.pull(client)
    identity.close()
    claims = Claims(uuid7(), ended, str(uuid7()), frozenset(), issued_at=0, expires_at=0)
    assert feed.is_revoked(claims)


def test_without_an_internal_token_nobody_reaches_an_internal_route(academy: Academy) -> None:
    app = create_app("live", "Internal", academy.settings(Settings, internal_token=SecretStr("")), [])
    scope = {"type": "http", "method": "GET", "path": "/internal/things", "query_string": b"", "app": app}
    for given in (b"Bearer ", b"Bearer", b""):
        request = Request({**scope, "headers": [(b"authorization", given)]})
        with pytest.raises(Unauthorized):
            asyncio.run(Internal().admit(request))


def test_a_revoked_session_is_refused_within_two_seconds(service: Harness) -> None:
    session_id = str(uuid7())
    token = service.academy.identity.token(uuid7(), sid=session_id)
    headers = {"Authorization": f"Bearer {token}"}
    assert service.client.get("/mine", headers=headers).status_code == 200
    service.academy.identity.revoke_session(session_id)
    wait_until(lambda: service.client.get("/mine", headers=headers).status_code == 401, seconds=2)


def test_a_stale_feed_closes_admin_routes_and_leaves_the_others_open(service: Harness) -> None:
    admin = service.caller("admin")
    assert admin.get("/admin").status_code == 200
    feed = service.app.state.revocations
    fresh_until, feed.stale_seconds = feed.stale_seconds, -1.0
    try:
        refused = admin.get("/admin")
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "2")
        assert admin.get("/mine").status_code == 200
    finally:
        feed.stale_seconds = fresh_until


def test_while_identity_is_away_a_fresh_api_answers_503_and_never_401(academy: Academy) -> None:
    settings = academy.settings(Settings, identity_url="http://127.0.0.1:9")
    keys = KeySet(f"{settings.identity_url}/.well-known/jwks.json")
    assert not keys.is_loaded()
    with pytest.raises(KeysUnavailable):
        TokenVerifier(keys).verify(academy.identity.token(uuid7()))
    for garbage in ("token", "..", unsigned(academy.identity, "none")):
        with pytest.raises(InvalidToken):
            TokenVerifier(keys).verify(garbage)


def test_an_api_takes_no_request_before_it_knows_who_has_signed_out(academy: Academy) -> None:
    slow = IdentityStandIn(feed_seconds=1.0)
    with service_beside(academy, slow.url) as late:
        answer = late.client.get("/mine", headers={"Authorization": f"Bearer {slow.token(uuid7())}"})
        assert answer.status_code == 200
    slow.close()


def test_an_api_that_starts_while_identity_is_away_serves_the_public_and_lets_nobody_in(academy: Academy) -> None:
    with service_beside(academy, "http://127.0.0.1:9") as alone:
        assert alone.client.get("/maybe").status_code == 200
        answer = alone.caller().get("/mine")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
        checks = alone.client.get("/readyz").json()["checks"]
        assert checks == {"database": True, "signing_keys": False, "revocations": False}


def test_a_route_without_declared_access_does_not_start(academy: Academy) -> None:
    careless = APIRouter()
    careless.add_api_route("/open", lambda: None)
    declared = APIRouter(dependencies=[PUBLIC])
    declared.add_api_route("/closed", lambda: None)
    create_app("live", "Declared", academy.settings(Settings), [declared])
    with pytest.raises(RuntimeError, match="/open"):
        create_app("live", "Careless", academy.settings(Settings), [declared, careless])
