from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from services.identity.tests.people import Person, audited, refresh
from services.identity.user_agents import device_name
from services.identity.users import lock_user
from shared.events import AccountSecurityChanged
from shared.networks import place_of, throttled_network
from shared.testing import Harness, wait_until

SESSIONS = "/api/v1/auth/sessions"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
NEW_PASSWORD = "a quite different otter 9"


def sign_in_from(person: Person, user_agent: str, ip: str) -> Person:
    headers = {"User-Agent": user_agent, "X-Forwarded-For": ip}
    body = {"email": person.email, "password": person.password}
    answer = person.harness.client.post("/api/v1/auth/login", json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    tokens = answer.json()
    return replace(person, access_token=tokens["access_token"], refresh_token=tokens["refresh_token"])


def sessions(person: Person) -> list[dict[str, Any]]:
    answer = person.browser.get(SESSIONS)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def change_password(person: Person, **body: Any) -> Any:
    body = {"current_password": person.password, "password": NEW_PASSWORD, **body}
    return person.browser.post("/api/v1/auth/password", json=body)


def test_people_see_where_they_are_signed_in(person: Person) -> None:
    laptop = sign_in_from(person, FIREFOX, "203.0.113.77")
    newest, first = sessions(laptop)
    assert newest == {**newest, "device": "Firefox on Linux", "place": "203.0.113.0/24", "current": True}
    times = {"created_at", "last_seen_at", "expires_at"}
    assert set(newest) == {"id", "device", "place", "current", "by_administrator", *times}
    assert (first["current"], first["device"]) == (False, "python-httpx")
    person.refresh()
    assert [item["current"] for item in sessions(laptop)] == [False, True], "the latest used comes first"


def test_one_device_is_signed_out_from_another(identity: Harness, person: Person) -> None:
    laptop = sign_in_from(person, FIREFOX, "203.0.113.77")
    phone = next(item["id"] for item in sessions(laptop) if not item["current"])
    assert laptop.browser.delete(f"{SESSIONS}/{phone}").status_code == 204
    assert (person.me().status_code, refresh(identity, person.refresh_token).status_code) == (401, 401)
    assert [item["current"] for item in sessions(laptop)] == [True]
    again = laptop.browser.delete(f"{SESSIONS}/{phone}")
    assert (again.status_code, again.json()["type"]) == (404, "urn:academy:problem:session-not-found")
    assert audited(identity, person)[-1] == "session.ended"


def test_other_peoples_sessions_do_not_exist(person: Person, admin: Person) -> None:
    [own] = sessions(person)
    assert admin.browser.delete(f"{SESSIONS}/{own['id']}").status_code == 404
    assert person.me().status_code == 200


def test_signing_out_everywhere_leaves_nobody_in(identity: Harness, person: Person) -> None:
    laptop = sign_in_from(person, FIREFOX, "203.0.113.77")
    assert laptop.browser.delete(SESSIONS).status_code == 200
    for one in (person, laptop):
        assert (one.me().status_code, refresh(identity, one.refresh_token).status_code) == (401, 401)


def test_signing_out_everywhere_else_keeps_this_device(identity: Harness, person: Person) -> None:
    laptop = sign_in_from(person, FIREFOX, "203.0.113.77")
    assert laptop.browser.delete(SESSIONS, params={"keep_current": True}).status_code == 200
    assert (person.me().status_code, laptop.me().status_code) == (401, 200)
    assert laptop.refresh().me().status_code == 200


def test_a_new_password_ends_every_session_and_begins_one(identity: Harness, person: Person) -> None:
    laptop = sign_in_from(person, FIREFOX, "203.0.113.77")
    answer = change_password(laptop)
    assert answer.status_code == 200, answer.text
    for one in (person, laptop):
        assert (one.me().status_code, refresh(identity, one.refresh_token).status_code) == (401, 401)
    assert person.me(answer.json()["access_token"]).status_code == 200
    assert person.try_sign_in().status_code == 401
    assert person.try_sign_in(password=NEW_PASSWORD).status_code == 200
    [news] = identity.published(AccountSecurityChanged, person.id)
    assert news.change == "password_changed"


def test_only_who_knows_the_password_changes_it(person: Person) -> None:
    wrong = [change_password(person, current_password="wrong but long enough") for _ in range(12)]
    assert [answer.status_code for answer in wrong[:5]] == [403] * 5
    assert wrong[0].json()["errors"][0]["field"] == "current_password"
    assert 429 in [answer.status_code for answer in wrong], "a stolen session cannot guess on"
    assert person.try_sign_in().status_code == 200, "its guesses do not keep the owner out"
    assert person.me().status_code == 200


def test_a_weak_new_password_is_refused(person: Person) -> None:
    refused = change_password(person, password="password1")
    assert refused.json()["type"] == "urn:academy:problem:weak-password"
    assert person.me().status_code == 200


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (FIREFOX, "Firefox on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/130.0 Safari/537.36 Edg/130.0", "Edge on Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1", "Safari on iPhone"),
        ("Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/130.0 Mobile Safari/537.36", "Chrome on Android"),
        ("AcademyApp/2.1 (iPad; iOS 18)", "AcademyApp on iPad"),
        ("", "Unknown device"),
        ("Mozilla/5.0", "Unknown device"),
        ("<script>/1", "<script>"),
    ],
)
def test_a_device_has_a_name(user_agent: str, name: str) -> None:
    assert device_name(user_agent) == name


def test_a_place_is_as_much_of_an_address_as_one_recognizes() -> None:
    assert place_of("203.0.113.77") == place_of("::ffff:203.0.113.77") == "203.0.113.0/24"
    assert place_of("2001:db8:1:2:3::4") == "2001:db8:1::/48"
    assert (place_of(""), place_of("testclient")) == ("", "")
    assert (throttled_network("203.0.113.77"), throttled_network("2001:db8:1:2:3::4")) == (
        "203.0.113.77/32",
        "2001:db8:1:2::/64",
    )


def test_a_sign_in_with_the_old_password_ends_when_the_password_changes_meanwhile(
    identity: Harness, person: Person
) -> None:
    with ThreadPoolExecutor(1) as pool, identity.database.begin() as session:
        user = lock_user(session, person.id)
        session_id = session.scalar(text("SELECT pg_backend_pid()"))
        signing_in = pool.submit(person.try_sign_in)
        # Compared already; what is left waits for the account's row.
        waiting = text("SELECT count(*) > 0 FROM pg_stat_activity WHERE :pid = ANY(pg_blocking_pids(pid))")
        wait_until(lambda: identity.database.ask(waiting, pid=session_id), what="the sign-in waits")
        user.password_hash = "changed"
        session.commit()
        assert signing_in.result().status_code == 401
