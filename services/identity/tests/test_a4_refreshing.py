"""A4: reuse ends family and descendants; of 100 parallel refreshes at most one chain survives and the honest tab stays
in; a refresh that races a revocation leaves nothing. FULL=1 runs a thousand of those."""

import math
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import jwt
import pytest
from sqlalchemy import func, select, update
from uuid_utils.compat import uuid7

from services.identity.models import RefreshToken, UserSession
from services.identity.secret_tokens import hash_token
from services.identity.tests.people import Person, audited, new_account, new_person, refresh
from shared.events import AccountSecurityChanged
from shared.testing import Harness

FULL = os.environ.get("FULL") == "1"
# Of each of four ends; on a busy machine as many as there is time for.
RACES, SECONDS = (250, math.inf) if FULL else (8, 10.0)


def age(identity: Harness, token: str, by: timedelta) -> None:
    """As if the token had been spent that much earlier."""
    with identity.database.begin() as session:
        spent = update(RefreshToken).where(RefreshToken.token_hash == hash_token(token))
        session.execute(spent.values(used_at=RefreshToken.used_at - by))


def unspent(identity: Harness, person: Person) -> int:
    links = select(func.count()).select_from(RefreshToken).join(UserSession, UserSession.id == RefreshToken.session_id)
    with identity.database.begin() as session:
        return session.scalars(links.where(UserSession.user_id == person.id, RefreshToken.used_at.is_(None))).one()


def live_sessions(identity: Harness, person: Person) -> int:
    alive = select(func.count()).select_from(UserSession)
    with identity.database.begin() as session:
        return session.scalars(alive.where(UserSession.user_id == person.id, UserSession.revoked_at.is_(None))).one()


def change_password(person: Person) -> Any:
    new = f"violet otter parade {uuid7()}"
    body = {"current_password": person.password, "password": new}
    answer = person.browser.post("/api/v1/auth/password", json=body)
    person.password = new
    return answer


def test_a_refresh_token_brings_the_next_pair_in_the_same_session(person: Person) -> None:
    first_access, first_refresh = person.access_token, person.refresh_token
    person.refresh()
    assert person.refresh_token != first_refresh
    claims = [jwt.decode(t, options={"verify_signature": False}) for t in (first_access, person.access_token)]
    assert claims[0]["sid"] == claims[1]["sid"]
    assert claims[0]["jti"] != claims[1]["jti"]
    assert person.me().status_code == 200
    assert person.refresh().me().status_code == 200


def test_a_spent_token_that_comes_back_ends_the_session_of_both_holders(identity: Harness, person: Person) -> None:
    stolen = person.refresh_token
    person.refresh().refresh()
    refused = refresh(identity, stolen)
    assert refused.status_code == 401
    assert refused.json()["type"] == "urn:academy:problem:refresh-token-invalid"
    assert refresh(identity, person.refresh_token).status_code == 401, "the descendant is dead"
    assert person.me().status_code == 401, "the access token is dead"
    assert audited(identity, person)[-1] == "refresh_token.reused"
    [news] = identity.published(AccountSecurityChanged, person.id)
    assert news.change == "refresh_token_reused", "its owner gets a mail"
    assert person.sign_in().me().status_code == 200, "a new sign-in is not concerned"


def test_a_repeat_within_ten_seconds_replaces_the_answer_that_got_lost(identity: Harness, person: Person) -> None:
    first = person.refresh_token
    lost = refresh(identity, first).json()["refresh_token"]
    repeated = refresh(identity, first)
    assert repeated.status_code == 200
    assert unspent(identity, person) == 1
    person.refresh_token = repeated.json()["refresh_token"]
    person.refresh()
    assert refresh(identity, lost).status_code == 401, "the replaced one counts as spent"
    assert refresh(identity, person.refresh_token).status_code == 401


def test_a_repeat_after_ten_seconds_is_reuse(identity: Harness, person: Person) -> None:
    first = person.refresh_token
    person.refresh()
    age(identity, first, timedelta(seconds=11))
    assert refresh(identity, first).status_code == 401
    assert refresh(identity, person.refresh_token).status_code == 401


def test_of_a_hundred_parallel_refreshes_at_most_one_chain_survives(identity: Harness, person: Person) -> None:
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: refresh(identity, person.refresh_token), range(100)))
    assert {answer.status_code for answer in answers} == {200}, "none of them was theft"
    assert unspent(identity, person) == 1
    tokens = [answer.json()["refresh_token"] for answer in answers]
    with ThreadPoolExecutor(20) as pool:
        survivors = [a.status_code for a in pool.map(lambda token: refresh(identity, token), tokens)].count(200)
    assert survivors <= 1
    assert unspent(identity, person) <= 1


def test_the_honest_tab_stays_in(identity: Harness, person: Person) -> None:
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: refresh(identity, person.refresh_token), range(100)))
    with identity.database.begin() as session:
        newest = session.scalars(
            select(RefreshToken.token_hash)
            .join(UserSession, UserSession.id == RefreshToken.session_id)
            .where(UserSession.user_id == person.id, RefreshToken.used_at.is_(None))
        ).one()
    # A cookie jar, or a tab that shares its storage, keeps the answer that came last.
    kept = [answer.json() for answer in answers if hash_token(answer.json()["refresh_token"]) == newest]
    assert len(kept) == 1
    assert refresh(identity, kept[0]["refresh_token"]).status_code == 200
    assert person.me(kept[0]["access_token"]).status_code == 200


def test_two_refreshes_in_one_second_make_the_first_token_worthless(identity: Harness, person: Person) -> None:
    first = person.refresh_token
    person.refresh().refresh()
    assert refresh(identity, first).status_code == 401, "ids are compared, not times"
    assert refresh(identity, person.refresh_token).status_code == 401


@pytest.mark.parametrize("end", ["logout", "everywhere", "suspended", "password"])
def test_a_refresh_that_races_the_end_of_its_session_leaves_nothing(identity: Harness, end: str) -> None:
    admin, person = new_person(identity, "admin"), new_account(identity)
    ends: dict[str, Callable[[], Any]] = {
        "logout": lambda: person.browser.post("/api/v1/auth/logout"),
        "everywhere": lambda: person.browser.delete("/api/v1/auth/sessions"),
        "suspended": lambda: admin.browser.post(f"/api/v1/admin/users/{person.id}/suspend"),
        "password": lambda: change_password(person),
    }
    began, races = time.monotonic(), 0
    while races < RACES and time.monotonic() - began < SECONDS:
        admin.browser.post(f"/api/v1/admin/users/{person.id}/reactivate")
        person.enter()
        with ThreadPoolExecutor(2) as pool:
            refreshing = pool.submit(refresh, identity, person.refresh_token)
            ended = pool.submit(ends[end])
            refreshed, answer = refreshing.result(), ended.result()
        assert answer.status_code in (200, 204), answer.text
        if refreshed.status_code == 200:
            assert refresh(identity, refreshed.json()["refresh_token"]).status_code == 401
            assert person.me(refreshed.json()["access_token"]).status_code == 401
        assert live_sessions(identity, person) == (end == "password"), "a new password begins one session"
        races += 1
    assert races >= 3


def test_idle_and_old_sessions_end(identity: Harness, person: Person) -> None:
    with identity.database.begin() as session:
        token = update(RefreshToken).where(RefreshToken.token_hash == hash_token(person.refresh_token))
        session.execute(token.values(expires_at=func.now()))
    assert refresh(identity, person.refresh_token).status_code == 401
    person.sign_in()
    with identity.database.begin() as session:
        session.execute(update(UserSession).where(UserSession.user_id == person.id).values(expires_at=func.now()))
    assert refresh(identity, person.refresh_token).status_code == 401


def test_what_is_no_refresh_token_is_refused(identity: Harness, person: Person) -> None:
    for token in ("x", "\x01", "😀", person.access_token[:200]):
        assert refresh(identity, token).status_code == 401
    assert refresh(identity, "x" * 201).status_code == 422
    assert refresh(identity, "").status_code == 422
    assert refresh(identity, "\x00").status_code == 422
