"""Somebody with an account, as tests need them."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from uuid_utils.compat import uuid7

from services.identity.models import AuditEntry, User
from shared.testing import Harness
from shared.testing.harness import Caller

PASSWORD = "violet otter parade 71"


@dataclass
class Person:
    """An account and, once signed in, the tokens of its latest session."""

    harness: Harness
    id: UUID
    email: str
    password: str = PASSWORD
    access_token: str = ""
    refresh_token: str = ""

    def try_sign_in(self, **body: str) -> Any:
        """The answer to a login, whatever it is."""
        body = {"email": self.email, "password": self.password, **body}
        return self.harness.client.post("/api/v1/auth/login", json=body)

    def sign_in(self) -> "Person":
        """A new session; the person goes on with its tokens."""
        return self._take(self.try_sign_in())

    def refresh(self) -> "Person":
        """The next pair of tokens."""
        return self._take(refresh(self.harness, self.refresh_token))

    @property
    def browser(self) -> Caller:
        """Requests with the present access token."""
        return Caller(self.harness.client, self.id, self.access_token)

    def me(self, access_token: str | None = None) -> Any:
        """The answer of users/me."""
        return Caller(self.harness.client, self.id, access_token or self.access_token).get("/api/v1/users/me")

    def _take(self, answer: Any) -> "Person":
        assert answer.status_code == 200, answer.text
        self.access_token, self.refresh_token = answer.json()["access_token"], answer.json()["refresh_token"]
        return self


def fullwidth(text: str) -> str:
    """The text in the compatibility characters that look like Latin letters and are none."""
    return "".join(chr(ord(letter) + 0xFEE0) for letter in text)


def new_email() -> str:
    """An address nobody has."""
    return f"ann.{uuid7()}@example.com"


def register(harness: Harness, **body: str) -> Any:
    """The answer to a registration, whatever it is."""
    body = {"email": new_email(), "password": PASSWORD, "name": "Ann Lee", **body}
    return harness.client.post("/api/v1/auth/register", json=body)


def refresh(harness: Harness, refresh_token: str) -> Any:
    """The answer to a refresh, whatever it is."""
    return harness.client.post("/api/v1/auth/refresh", json={"refresh_token": refresh_token})


def new_person(harness: Harness, *roles: str) -> Person:
    """Registered and signed in; roles beyond student are given behind the api's back."""
    answer = register(harness)
    assert answer.status_code == 201, answer.text
    person = Person(harness, UUID(answer.json()["id"]), answer.json()["email"])
    if roles:
        with harness.database.begin() as session:
            session.execute(update(User).where(User.id == person.id).values(roles=sorted(roles)))
    return person.sign_in()


def dismiss_all_admins(harness: Harness) -> None:
    """For tests about the first or last one: each test makes its own administrators, so nobody misses the others."""
    with harness.database.begin() as session:
        session.execute(update(User).where(User.roles.contains(["admin"])).values(roles=["student"]))


def audited(harness: Harness, person: Person) -> list[str]:
    """What the audit log says was done to somebody, oldest first."""
    actions = select(AuditEntry.action).where(AuditEntry.object_id == person.id).order_by(AuditEntry.id)
    with harness.database.begin() as session:
        return list(session.scalars(actions))
