from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import jwt
import pytest
from sqlalchemy import update

from services.identity.models import Revocation
from services.identity.tests.people import Person, audited, new_person, refresh
from shared.revocations import RevocationFeed
from shared.testing import Harness
from shared.token_keys import KeySet
from shared.tokens import TokenVerifier


def feed(identity: Harness, after: int = 0) -> Any:
    token = identity.app.state.settings.internal_token.get_secret_value()
    headers = {"Authorization": f"Bearer {token}"}
    answer = identity.client.get("/internal/revocations", params={"after": after}, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


def sid(access_token: str) -> str:
    return str(jwt.decode(access_token, options={"verify_signature": False})["sid"])


def test_logout_ends_the_session_at_once_and_stands_in_the_feed(identity: Harness, person: Person) -> None:
    other = Person(identity, person.id, person.email).sign_in()
    before = feed(identity)["last_seq"]
    assert person.browser.post("/api/v1/auth/logout").status_code == 204
    assert person.me().status_code == 401
    assert person.browser.post("/api/v1/auth/logout").status_code == 401
    assert refresh(identity, person.refresh_token).status_code == 401
    assert other.me().status_code == 200, "the other device stays signed in"

    news = feed(identity, before)
    [item] = news["items"]
    assert item == {**item, "seq": before + 1, "kind": "sid", "value": sid(person.access_token), "before": 0}
    assert news["last_seq"] == before + 1
    assert feed(identity, news["last_seq"])["items"] == []
    assert audited(identity, person)[-1] == "session.ended"


def test_the_other_services_know_of_a_logout_with_their_next_pull(identity: Harness, person: Person) -> None:
    token = identity.app.state.settings.internal_token.get_secret_value()
    service = RevocationFeed(f"{identity.url}/internal/revocations", token)
    claims = TokenVerifier(KeySet(f"{identity.url}/.well-known/jwks.json")).verify(person.access_token)
    with httpx.Client() as client:
        service.pull(client)
        assert not service.is_revoked(claims)
        person.browser.post("/api/v1/auth/logout")
        service.pull(client)
        assert service.is_revoked(claims)


def test_parallel_logouts_have_consecutive_numbers(identity: Harness) -> None:
    people = [new_person(identity) for _ in range(6)]
    before = feed(identity)["last_seq"]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda person: person.browser.post("/api/v1/auth/logout"), people))
    items = feed(identity, before)["items"]
    assert [item["seq"] for item in items] == list(range(before + 1, before + 7))
    assert {item["value"] for item in items} == {sid(person.access_token) for person in people}


@pytest.mark.parametrize("kind", ["jti", "user_before"])
def test_identity_obeys_every_kind_of_revocation(identity: Harness, person: Person, kind: str) -> None:
    claims = jwt.decode(person.access_token, options={"verify_signature": False})
    value = claims["jti"] if kind == "jti" else claims["sub"]
    with identity.database.begin() as session:
        # A number that no reader of the feed asks for.
        seq = -int(claims["iat"] * 2 + (kind == "jti"))
        before = claims["iat"] if kind == "user_before" else 0
        session.add(Revocation(seq=seq, kind=kind, value=value, before=before, expires_at=claims["exp"]))
    assert person.me().status_code == 401


def test_expired_revocations_are_left_out(identity: Harness, person: Person) -> None:
    before = feed(identity)["last_seq"]
    person.browser.post("/api/v1/auth/logout")
    with identity.database.begin() as session:
        session.execute(update(Revocation).where(Revocation.seq > before).values(expires_at=1))
    news = feed(identity, before)
    assert (news["items"], news["last_seq"]) == ([], before + 1)


def test_the_feed_is_for_the_services_only(identity: Harness, admin: Person) -> None:
    assert identity.client.get("/internal/revocations").status_code == 401
    assert admin.browser.get("/internal/revocations").status_code == 401
    wrong = {"Authorization": "Bearer wrong"}
    assert identity.client.get("/internal/revocations", headers=wrong).status_code == 401


def test_a_feed_position_out_of_range_is_a_problem_of_the_caller(identity: Harness) -> None:
    token = identity.app.state.settings.internal_token.get_secret_value()
    for after in ("-1", "x", str(2**63)):
        answer = identity.client.get(
            "/internal/revocations", params={"after": after}, headers={"Authorization": f"Bearer {token}"}
        )
        assert answer.status_code == 422


def test_identity_is_ready_without_asking_itself(identity: Harness) -> None:
    checks = identity.client.get("/readyz").json()["checks"]
    assert checks == {"database": True, "signing_keys": True, "revocations": True}
