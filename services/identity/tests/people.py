"""Somebody with an account, as tests need them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from uuid_utils.compat import uuid7

from services.identity import signing_in, users
from services.identity.audit import Origin
from services.identity.emails import parse_email
from services.identity.models import SignInThrottle, User, UserSession
from services.identity.passwords import hashing_slot
from services.identity.sessions import SignedIn
from services.identity.throttle import hash_address
from services.identity.users import NewAccount
from shared.auditing.tables import audit
from shared.events import EmailVerificationRequested, Event
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

    def try_sign_in(self, **body: Any) -> Any:
        """The answer to a login, whatever it is. Everybody has a network address of their own."""
        body = {"email": self.email, "password": self.password, **body}
        headers = {"X-Forwarded-For": f"2001:db8:{self.id.hex[-8:-4]}:{self.id.hex[-4:]}::1"}
        return self.harness.client.post("/api/v1/auth/login", json=body, headers=headers)

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

    def enter(self) -> "Person":
        """A new session as if the password had been right; comparing it takes its time."""
        state = self.harness.app.state
        with state.database.begin() as session:
            user = users.lock_user(session, self.id)
            origin = Origin("2001:db8::1", "python-httpx/0.28", "")
            signed_in = signing_in.enter(session, state.signer, user, origin, ("password",))
        assert isinstance(signed_in, SignedIn), signed_in
        self.access_token, self.refresh_token = signed_in.access_token, signed_in.refresh_token
        return self

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
    body = {"email": new_email(), "name": "Ann Lee", **body}
    return harness.client.post("/api/v1/auth/register", json=body)


def link_token(harness: Harness, event: type[Event], subject: UUID | str | None = None, email: str = "") -> str:
    """What the latest mailed link of an account, or to an address that has none, has after #token=."""
    asked = [fact for fact in harness.published(event, subject) if not email or fact.email == email]
    return str(asked[-1].token)


def verify(harness: Harness, email: str, password: str = PASSWORD) -> Any:
    """The answer to following the link that was mailed to a newcomer, and setting a password on its page."""
    return verify_link(harness, link_token(harness, EmailVerificationRequested, email=email), password)


def verify_link(harness: Harness, token: str, password: str = PASSWORD, **body: Any) -> Any:
    """As verify, by the token of the link."""
    body = {"token": token, "password": password, **body}
    return harness.client.post("/api/v1/auth/verify-email", json=body)


def refresh(harness: Harness, refresh_token: str) -> Any:
    """The answer to a refresh, whatever it is."""
    return harness.client.post("/api/v1/auth/refresh", json={"refresh_token": refresh_token})


def new_person(harness: Harness, *roles: str) -> Person:
    """Somebody with an account (see new_account), signed in."""
    return new_account(harness, *roles).enter()


def new_account(harness: Harness, *roles: str, email: str = "", name: str = "Ann Lee") -> Person:
    """Made behind the api's back, as if the mailed link had been followed."""
    address = parse_email(email or new_email())
    account = NewAccount(address, name, password_hash(), roles or ("student",))
    with harness.database.begin() as session:
        user = users.create_user(session, account, Origin("", "", ""))
    return Person(harness, user.id, address.given)


def let_sign_ins_age(person: Person, minutes: int = 11) -> None:
    """As if the person had signed in that much earlier, on every device."""
    with person.harness.database.begin() as session:
        own = update(UserSession).where(UserSession.user_id == person.id)
        earlier = UserSession.authenticated_at - timedelta(minutes=minutes)
        session.execute(own.values(authenticated_at=earlier, created_at=earlier))


def keep_waiting(person: Person) -> None:
    """As if strangers had guessed at the account for an hour."""
    row = SignInThrottle(key_hash=hash_address(parse_email(person.email)), failures=20)
    row.blocked_until = datetime.now(UTC) + timedelta(minutes=15)
    with person.harness.database.begin() as session:
        session.add(row)


def run_job(harness: Harness, name: str) -> None:
    """One run of a periodic job."""
    next(job for job in harness.worker.jobs if job.name == name).run_to_end(harness.database)


@cache
def password_hash() -> str:
    """Of everybody's password; hashing takes its time."""
    with hashing_slot() as hasher:
        return hasher.hash(PASSWORD)


def dismiss_all_admins(harness: Harness) -> None:
    """For tests about the first or last one: each test makes its own administrators, so nobody misses the others."""
    with harness.database.begin() as session:
        session.execute(update(User).where(User.roles.contains(["admin"])).values(roles=["student"]))


def audited(harness: Harness, person: Person) -> list[str]:
    """What the audit log says was done to somebody, oldest first."""
    return [entry.action for entry in entries_about(harness, person)]


def entries_about(harness: Harness, person: Person) -> Sequence[Any]:
    """The audit log's entries about somebody, oldest first."""
    with harness.database.begin() as session:
        return session.execute(select(audit).where(audit.c.object_id == person.id).order_by(audit.c.id)).all()
