"""Somebody with second factors, and every way in which a session of theirs begins."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from sqlalchemy import update

from services.identity.models import UserSession
from services.identity.tests import test_passkeys
from services.identity.tests.authenticator import Authenticator
from services.identity.tests.people import Person, let_sign_ins_age, link_token, new_email, new_person, register
from services.identity.tests.people import verify as follow_link
from services.identity.tests.test_a10_mailed_links import NEW_PASSWORD, reset, reset_token
from services.identity.tests.test_api_keys import exchange, make_key
from services.identity.tests.test_email_change import confirm, links
from services.identity.tests.test_impersonation import impersonate
from services.identity.tests.test_second_factor import App, first_step, second_step
from services.identity.tests.test_sessions import change_password
from services.identity.tests.travellers import Traveller
from shared.events import UserInvited

USERS = "/api/v1/admin/users"


@dataclass
class Member:
    """Somebody with an account, and what they can show. `person` has the tokens of the session to be judged."""

    person: Person
    traveller: Traveller
    app: App | None = None
    phone: Authenticator | None = None
    codes: list[str] = field(default_factory=list)

    def enrol(self, factors: str) -> None:
        """Adds the second factors that are named, by the present session."""
        if "totp" in factors:
            self.app = App(self.person)
            self.codes = self.app.confirm().json()["recovery_codes"]
            self.app.let_a_minute_pass()
        if "passkey" in factors:
            self.phone = Authenticator()
            made = test_passkeys.register(self.person, self.phone)
            assert made.status_code == 201, made.text
            self.codes = made.json()["recovery_codes"] or self.codes

    def go_on_with(self, answer: Any) -> None:
        """Judges the session of these tokens from now on."""
        assert answer.status_code in (200, 201), answer.text
        self.person = replace(self.person, access_token=answer.json()["access_token"])

    def ticket(self) -> str:
        """Of the first step by a password."""
        return first_step(self.person)


def keep(member: Member) -> None:
    """The session that was there before the factors."""


def earlier_password(member: Member) -> None:
    """A session by the password alone, of another device, from before the account had its factors."""
    with member.person.harness.database.begin() as session:
        own = update(UserSession).where(UserSession.user_id == member.person.id)
        session.execute(own.values(factors=["password"]))


def unknown_factors(member: Member) -> None:
    with member.person.harness.database.begin() as session:
        session.execute(update(UserSession).where(UserSession.user_id == member.person.id).values(factors=[]))


def password(member: Member) -> None:
    member.go_on_with(member.person.try_sign_in())


def password_totp(member: Member) -> None:
    assert member.app
    member.go_on_with(second_step(member.person, member.ticket(), code=member.app.code()))


def password_recovery_code(member: Member) -> None:
    member.go_on_with(second_step(member.person, member.ticket(), recovery_code=member.codes[0]))


def password_passkey(member: Member) -> None:
    assert member.phone
    member.go_on_with(test_passkeys.sign_in(member.person.harness, member.phone, member.ticket()))


def passkey(member: Member) -> None:
    assert member.phone
    member.go_on_with(test_passkeys.sign_in(member.person.harness, member.phone))


def provider(member: Member) -> None:
    member.go_on_with(member.traveller.sign_in())


def provider_totp(member: Member) -> None:
    assert member.app
    ticket = member.traveller.sign_in().json()["ticket"]
    member.go_on_with(second_step(member.person, ticket, code=member.app.code()))


def provider_passkey(member: Member) -> None:
    assert member.phone
    ticket = member.traveller.sign_in().json()["ticket"]
    member.go_on_with(test_passkeys.sign_in(member.person.harness, member.phone, ticket))


def then_refresh(begin: Callable[[Member], None], minutes: int = 0) -> Callable[[Member], None]:
    def refreshed(member: Member) -> None:
        begin(member)
        let_sign_ins_age(member.person, minutes)
        member.person.refresh()

    return refreshed


def then_new_password(begin: Callable[[Member], None], minutes: int = 0) -> Callable[[Member], None]:
    def changed(member: Member) -> None:
        begin(member)
        let_sign_ins_age(member.person, minutes)
        member.go_on_with(change_password(member.person))

    return changed


def reset_by_mail(member: Member) -> None:
    """Begins no session: the next sign-in does."""
    assert reset(member.person.harness, reset_token(member.person)).status_code < 300
    member.go_on_with(member.person.try_sign_in(password=NEW_PASSWORD))


def invitation(member: Member) -> None:
    admin = new_person(member.person.harness, "admin")
    made = admin.browser.post(USERS, json={"email": new_email(), "name": "Ben Okri"}).json()
    token = link_token(member.person.harness, UserInvited, made["id"])
    assert reset(member.person.harness, token).status_code < 300
    member.person = Person(member.person.harness, UUID(made["id"]), made["email"], NEW_PASSWORD).sign_in()


def registration(member: Member) -> None:
    made = follow_link(member.person.harness, register(member.person.harness).json()["email"])
    member.person = replace(member.person, id=UUID(made.json()["id"]), email=made.json()["email"])
    member.go_on_with(made)


def confirmed_email_change(minutes: int) -> Callable[[Member], None]:
    def confirmed(member: Member) -> None:
        both = links(member.person, new_email())
        let_sign_ins_age(member.person, minutes)
        assert [confirm(member.person, token).status_code for token in both] == [200, 200]

    return confirmed


def impersonation(member: Member) -> None:
    member.person = impersonate(new_person(member.person.harness, "admin"), member.person)


def api_key(member: Member) -> None:
    answer = exchange(member.person.harness, make_key(member.person, "account:use")["key"])
    member.go_on_with(answer)
