from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import jwt
from sqlalchemy import func, select, update

from services.identity.models import RefreshToken, UserSession
from services.identity.secret_tokens import hash_token
from services.identity.tests.people import Person, audited, refresh
from shared.events import AccountSecurityChanged
from shared.testing import Harness


def age(identity: Harness, token: str, by: timedelta) -> None:
    """As if the token had been spent that much earlier."""
    with identity.database.begin() as session:
        spent = update(RefreshToken).where(RefreshToken.token_hash == hash_token(token))
        session.execute(spent.values(used_at=RefreshToken.used_at - by))


def unspent(identity: Harness, person: Person) -> int:
    links = select(func.count()).select_from(RefreshToken).join(UserSession, UserSession.id == RefreshToken.session_id)
    with identity.database.begin() as session:
        return session.scalars(links.where(UserSession.user_id == person.id, RefreshToken.used_at.is_(None))).one()


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


def test_of_twenty_parallel_refreshes_at_most_one_chain_survives(identity: Harness, person: Person) -> None:
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: refresh(identity, person.refresh_token), range(20)))
    assert {answer.status_code for answer in answers} == {200}, "none of them was theft"
    assert unspent(identity, person) == 1
    tokens = [answer.json()["refresh_token"] for answer in answers]
    with ThreadPoolExecutor(20) as pool:
        survivors = [a.status_code for a in pool.map(lambda token: refresh(identity, token), tokens)].count(200)
    assert survivors <= 1
    assert unspent(identity, person) <= 1


def test_refresh_and_logout_at_once_leave_no_session(identity: Harness, person: Person) -> None:
    for _ in range(10):
        person.sign_in()
        with ThreadPoolExecutor(2) as pool:
            refreshed = pool.submit(refresh, identity, person.refresh_token)
            pool.submit(person.browser.post, "/api/v1/auth/logout").result()
        if refreshed.result().status_code == 200:
            assert refresh(identity, refreshed.result().json()["refresh_token"]).status_code == 401
            assert person.me(refreshed.result().json()["access_token"]).status_code == 401


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
    for token in ("x", "\x00", "😀", person.access_token[:200]):
        assert refresh(identity, token).status_code == 401
    assert refresh(identity, "x" * 201).status_code == 422
    assert refresh(identity, "").status_code == 422
