from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

from sqlalchemy import update

from services.identity.emails import parse_email
from services.identity.models import SignInThrottle
from services.identity.tests.people import Person, new_email
from services.identity.throttle import hash_address, wait_after
from shared.testing import Harness


def let_time_pass(person: Person, by: timedelta) -> None:
    """As if the last attempt had been that much earlier."""
    earlier = {
        "blocked_until": SignInThrottle.blocked_until - by,
        "last_attempt_at": SignInThrottle.last_attempt_at - by,
    }
    row = update(SignInThrottle).where(SignInThrottle.key_hash == hash_address(parse_email(person.email)))
    with person.harness.database.begin() as session:
        session.execute(row.values(**earlier))


def guess_wrong(person: Person) -> Any:
    return person.try_sign_in(password="wrong but long enough")


def fail(person: Person, times: int) -> None:
    """So many wrong guesses, each made when it is allowed again."""
    for _ in range(times):
        assert guess_wrong(person).status_code == 401
        let_time_pass(person, wait_after(times))


def test_after_some_failures_even_the_right_password_has_to_wait(person: Person) -> None:
    fail(person, 9)
    assert guess_wrong(person).status_code == 401
    refused = person.try_sign_in()
    assert refused.status_code == 429
    assert 16 < int(refused.headers["retry-after"]) <= 32
    assert refused.json()["type"] == "urn:academy:problem:too-many-attempts"
    let_time_pass(person, timedelta(seconds=32))
    assert person.try_sign_in().status_code == 200, "nobody is locked out"
    assert [guess_wrong(person).status_code for _ in range(4)] == [401] * 4, "and the count begins anew"


def test_each_failure_after_the_fifth_doubles_the_wait() -> None:
    assert [wait_after(n).total_seconds() for n in (1, 4, 5, 6, 7)] == [0, 0, 1, 2, 4]
    assert [wait_after(n).total_seconds() for n in (10, 14, 15, 1000)] == [32, 512, 900, 900]


def test_an_attempt_during_the_wait_does_not_prolong_it(person: Person) -> None:
    fail(person, 9)
    assert [guess_wrong(person).status_code for _ in range(5)] == [401, 429, 429, 429, 429]
    let_time_pass(person, timedelta(seconds=32))
    assert person.try_sign_in().status_code == 200


def test_parallel_guesses_do_not_slip_through(person: Person) -> None:
    fail(person, 9)
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: guess_wrong(person).status_code, range(12)))
    assert sorted(answers) == [401] + [429] * 11


def test_parallel_sign_ins_of_one_person_do_not_disturb_each_other(person: Person) -> None:
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: person.try_sign_in().status_code, range(40)))
    assert set(answers) == {200}


def test_an_address_that_nobody_has_is_throttled_alike(identity: Harness, person: Person) -> None:
    stranger = Person(identity, person.id, new_email())
    fail(stranger, 9)
    assert [guess_wrong(stranger).status_code for _ in range(2)] == [401, 429]
    assert person.try_sign_in().status_code == 200, "others do not notice"


def test_failures_are_forgotten_after_a_day(person: Person) -> None:
    fail(person, 9)
    let_time_pass(person, timedelta(hours=25))
    assert [guess_wrong(person).status_code for _ in range(4)] == [401] * 4
    assert person.try_sign_in().status_code == 200
