import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pyotp
import pytest
from sqlalchemy import func, update

from services.identity.factors.models import Ticket, TotpSecret
from services.identity.secret_tokens import hash_token
from services.identity.tests.people import Person, audited, let_sign_ins_age, new_person
from services.identity.tests.test_a10_mailed_links import NEW_PASSWORD, reset, reset_token
from shared.events import AccountSecurityChanged
from shared.testing import Harness

AUTH = "/api/v1/auth"


class App:
    """An authenticator app that has one secret."""

    def __init__(self, person: Person) -> None:
        self.person = person
        made = person.browser.post(f"{AUTH}/totp")
        assert made.status_code == 201, made.text
        self.secret, self.uri = made.json()["secret"], made.json()["uri"]
        self.recovery_codes: list[str] = []

    def code(self) -> str:
        """What it shows now."""
        return pyotp.TOTP(self.secret).now()

    def confirm(self, code: str | None = None) -> Any:
        """The answer to turning it on."""
        return self.person.browser.post(f"{AUTH}/totp/confirm", json={"code": code or self.code()})

    def let_a_minute_pass(self) -> None:
        """As if the codes shown until now had been shown a minute ago."""
        with self.person.harness.database.begin() as session:
            own = update(TotpSecret).where(TotpSecret.user_id == self.person.id)
            session.execute(own.values(last_step=TotpSecret.last_step - 3))


@pytest.fixture
def app(person: Person) -> App:
    app = App(person)
    app.recovery_codes = app.confirm().json()["recovery_codes"]
    app.let_a_minute_pass()
    return app


def first_step(person: Person) -> str:
    answer = person.try_sign_in()
    assert answer.status_code == 202, answer.text
    return str(answer.json()["ticket"])


def second_step(person: Person, ticket: str, **body: str) -> Any:
    return person.harness.client.post(f"{AUTH}/login/code", json={"ticket": ticket, **body})


def test_an_authenticator_app_is_asked_after_the_password(identity: Harness, person: Person) -> None:
    app = App(person)
    assert app.uri.startswith("otpauth://totp/AI%20First%20Academy:")
    assert person.try_sign_in().status_code == 200, "it does not count before a code was shown"
    confirmed = app.confirm()
    assert (confirmed.status_code, len(set(confirmed.json()["recovery_codes"]))) == (200, 10)
    app.let_a_minute_pass()
    first = person.try_sign_in()
    assert first.status_code == 202
    assert first.json() == {**first.json(), "methods": ["totp", "recovery_code"], "expires_in": 600}
    assert set(first.json()) == {"ticket", "methods", "expires_in"}
    answer = second_step(person, first.json()["ticket"], code=app.code())
    assert answer.status_code == 200, answer.text
    assert {"access_token", "refresh_token", "device_token"} <= answer.json().keys()
    assert person.me(answer.json()["access_token"]).status_code == 200
    assert [news.change for news in identity.published(AccountSecurityChanged, person.id)] == ["totp_on"]


def test_each_code_is_good_once(person: Person, app: App) -> None:
    code = app.code()
    assert second_step(person, first_step(person), code=code).status_code == 200
    refused = second_step(person, first_step(person), code=code)
    assert (refused.status_code, refused.json()["type"]) == (401, "urn:academy:problem:wrong-code")


def test_of_parallel_uses_of_a_code_one_wins(person: Person, app: App) -> None:
    code, tickets = app.code(), [first_step(person) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda ticket: second_step(person, ticket, code=code).status_code, tickets))
    assert sorted(answers) == [200, 401, 401, 401]


def test_a_clock_may_be_half_a_minute_off_and_no_more(person: Person, app: App) -> None:
    clock, now = pyotp.TOTP(app.secret), int(time.time())
    assert second_step(person, first_step(person), code=clock.at(now - 90)).status_code == 401
    assert second_step(person, first_step(person), code=clock.at(now + 90)).status_code == 401
    assert second_step(person, first_step(person), code=clock.at(now - 25)).status_code == 200


def test_a_ticket_is_good_once_and_for_ten_minutes(identity: Harness, person: Person, app: App) -> None:
    ticket = first_step(person)
    assert second_step(person, ticket, code=app.code()).status_code == 200
    app.let_a_minute_pass()
    assert second_step(person, ticket, code=app.code()).status_code == 410
    late = first_step(person)
    with identity.database.begin() as session:
        session.execute(update(Ticket).where(Ticket.token_hash == hash_token(late)).values(expires_at=func.now()))
    assert second_step(person, late, code=app.code()).status_code == 410
    assert second_step(person, "x", code="123456").status_code == 410


def test_codes_cannot_be_guessed_not_even_with_many_tickets(person: Person, app: App) -> None:
    wrong = [second_step(person, first_step(person), code="000000").status_code for _ in range(14)]
    assert wrong[:5] == [401] * 5
    assert 429 in wrong


def test_a_recovery_code_is_good_once_however_it_is_typed(identity: Harness, person: Person, app: App) -> None:
    [code, other, *_] = app.recovery_codes
    assert second_step(person, first_step(person), recovery_code=f" {code.upper()} ").status_code == 200
    assert second_step(person, first_step(person), recovery_code=code).status_code == 401
    assert second_step(person, first_step(person), recovery_code=other.replace("-", " ")).status_code == 200
    assert person.browser.get(f"{AUTH}/factors").json()["recovery_codes_left"] == 8
    assert "recovery_code.used" in audited(identity, person)


def test_new_recovery_codes_void_the_old_ones(person: Person, app: App) -> None:
    renewed = person.browser.post(f"{AUTH}/recovery-codes").json()["recovery_codes"]
    old = app.recovery_codes[0]
    assert second_step(person, first_step(person), recovery_code=old).status_code == 401
    assert second_step(person, first_step(person), recovery_code=renewed[0]).status_code == 200


def test_without_a_factor_there_are_no_recovery_codes(person: Person) -> None:
    refused = person.browser.post(f"{AUTH}/recovery-codes")
    assert refused.json()["type"] == "urn:academy:problem:no-second-factor"


def test_a_removed_app_is_not_asked_any_more(person: Person, app: App) -> None:
    assert person.browser.post(f"{AUTH}/totp").json()["type"] == "urn:academy:problem:totp-on"
    assert person.browser.delete(f"{AUTH}/totp").status_code == 204
    assert person.try_sign_in().status_code == 200
    assert person.browser.get(f"{AUTH}/factors").json()["recovery_codes_left"] == 0


def test_a_wrong_first_code_turns_nothing_on(person: Person) -> None:
    app = App(person)
    refused = app.confirm("000000")
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "code")
    assert person.try_sign_in().status_code == 200


@pytest.mark.parametrize("code", ["12345", "1234567", "abcdef", "\uff11" * 6, "1" * 10_000])
def test_what_is_no_code_is_refused_by_name(person: Person, code: str) -> None:
    assert App(person).confirm(code).status_code == 422


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "totp"), ("DELETE", "totp"), ("POST", "recovery-codes"), ("POST", "passkeys/options")],
)
def test_factors_are_changed_only_soon_after_a_sign_in(
    identity: Harness, person: Person, method: str, path: str
) -> None:
    let_sign_ins_age(person)
    refused = person.browser.request(method, f"{AUTH}/{path}")
    assert refused.json()["type"] == "urn:academy:problem:recent-sign-in-required"
    person.sign_in()
    assert person.browser.request(method, f"{AUTH}/{path}").status_code in (200, 201, 204, 409)


def test_a_password_reset_does_not_take_the_second_factor_away(person: Person, app: App) -> None:
    assert reset(person.harness, reset_token(person)).status_code == 200
    assert person.try_sign_in(password=NEW_PASSWORD).status_code == 202


def test_a_recovery_code_of_another_account_is_refused_and_stays_good(
    identity: Harness, person: Person, app: App
) -> None:
    other = new_person(identity)
    codes = App(other).confirm().json()["recovery_codes"]
    assert second_step(person, first_step(person), recovery_code=codes[0]).status_code == 401
    assert second_step(other, first_step(other), recovery_code=codes[0]).status_code == 200
