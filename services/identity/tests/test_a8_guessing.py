"""A8: 10,000 guesses on one account through 1,000 addresses: at most 20 are evaluated in an hour, and its owner signs
in from a known device throughout. FULL=1 runs it at its full number."""

import os
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select

from services.identity import refusals
from services.identity.audit import Origin
from services.identity.emails import parse_email
from services.identity.models import SignInThrottle
from services.identity.tests.people import Person, keep_waiting, new_account
from services.identity.throttle import BY_NETWORK, hash_address, network_guess, wait_after
from shared.auditing.tables import audit
from shared.testing import Harness
from shared.testing.limits import end_period

GUESSES = 10_000 if os.environ.get("FULL") == "1" else 120


def guess(person: Person, number: int) -> int:
    spoofed = f"10.{number % 1000 // 250}.{number % 250}.1"
    body = {"email": person.email, "password": f"guess number {number}"}
    answer = person.harness.client.post("/api/v1/auth/login", json=body, headers={"X-Forwarded-For": spoofed})
    return int(answer.status_code)


def test_a_thousand_addresses_guess_no_faster_than_one_and_the_owner_is_let_in(identity: Harness) -> None:
    owner = new_account(identity)
    device_token = owner.try_sign_in().json()["device_token"]
    statuses = []
    for number in range(GUESSES):
        statuses.append(guess(owner, number))
        if number % (GUESSES // 10) == 0:
            answer = owner.try_sign_in(device_token=device_token)
            assert answer.status_code == 200, "a known device is not kept waiting"
            assert answer.json()["device_token"] == device_token
    assert set(statuses) == {401, 429}
    # It ran for far less than an hour; the arithmetic for the rest of it is below.
    assert statuses.count(401) <= 20
    assert owner.try_sign_in().status_code == 429, "an unknown device waits with everybody else"


def refused(harness: Harness, object_id: UUID | None = None, ip: str = "") -> list[Any]:
    """The audit log's entries of refused sign-ins: of an account, or of nobody's from an address."""
    entries = select(audit).where(audit.c.action == "sign_in.refused").order_by(audit.c.id)
    about = entries.where(audit.c.object_id == object_id) if object_id else entries.where(audit.c.ip == ip)
    with harness.database.begin() as session:
        return list(session.execute(about))


def test_refused_sign_ins_of_an_account_fill_no_log(identity: Harness) -> None:
    owner, origin = new_account(identity), Origin("203.0.113.9", "", "")
    assert [owner.try_sign_in(password="wrong enough").status_code for _ in range(2)] == [401, 401]
    with identity.database.begin() as session:
        for _ in range(98):
            refusals.record(session, origin, "sign_in.refused", owner.id, reason="wrong credentials")
    entries = refused(identity, owner.id)
    told = [entry.details.get("refusals") for entry in entries]
    assert told == [None] * 10 + [20, 40, 80]
    assert {entry.details["reason"] for entry in entries} == {"wrong credentials"}
    end_period(identity, refusals.RECORDED, owner.id)
    owner.try_sign_in(password="wrong enough")
    assert len(refused(identity, owner.id)) == 14


def test_refused_sign_ins_of_nobodys_accounts_are_counted_per_network(identity: Harness) -> None:
    network = uuid4().hex[:4]
    for number in range(13):
        body = {"email": f"nobody{number}@example.com", "password": "guess number 1"}
        ip = f"2001:db8:7:{network}::{number}"
        answer = identity.client.post("/api/v1/auth/login", json=body, headers={"X-Forwarded-For": ip})
        assert answer.status_code == 401
    recorded = [entry for number in range(13) for entry in refused(identity, ip=f"2001:db8:7:{network}::{number}")]
    assert len(recorded) == 10


def test_in_an_hour_at_most_twenty_guesses_are_evaluated() -> None:
    evaluated, clock = 0, timedelta()
    while clock < timedelta(hours=1):
        evaluated += 1
        clock += wait_after(evaluated)
    assert evaluated <= 20


def test_a_known_device_is_throttled_as_well(identity: Harness) -> None:
    owner = new_account(identity)
    stolen = owner.try_sign_in().json()["device_token"]
    statuses = [owner.try_sign_in(password="wrong enough", device_token=stolen).status_code for _ in range(12)]
    assert statuses[:5] == [401] * 5
    assert 429 in statuses
    assert owner.try_sign_in().status_code == 200, "its guesses are counted apart"


def test_a_device_is_known_to_the_accounts_signed_in_there_only(identity: Harness) -> None:
    owner, other = new_account(identity), new_account(identity)
    foreign = other.try_sign_in().json()["device_token"]
    keep_waiting(owner)
    assert owner.try_sign_in(device_token=foreign).status_code == 429


def test_one_address_cannot_try_every_account(identity: Harness) -> None:
    body = {"email": "", "password": "Summer2026!!"}
    headers = {"X-Forwarded-For": "198.51.100.77"}
    charged = network_guess("198.51.100.77/32").key_hash
    with identity.database.begin() as session:
        session.add(SignInThrottle(key_hash=charged, failures=BY_NETWORK.free_failures + 5))
    statuses = []
    for _ in range(4):
        body["email"] = new_account(identity).email
        statuses.append(identity.client.post("/api/v1/auth/login", json=body, headers=headers).status_code)
    assert statuses == [401, 429, 429, 429]
    assert wait_after(BY_NETWORK.free_failures - 1, BY_NETWORK) == timedelta()
    honest = new_account(identity)
    right = {"email": honest.email, "password": honest.password}
    elsewhere = {"X-Forwarded-For": "198.51.100.78"}
    assert identity.client.post("/api/v1/auth/login", json=right, headers=elsewhere).status_code == 200


def test_a_right_password_clears_the_account_but_not_the_network(identity: Harness) -> None:
    person = new_account(identity)
    headers = {"X-Forwarded-For": "198.51.100.90"}
    network = network_guess("198.51.100.90/32").key_hash
    for password in ("wrong one 1", "wrong one 2", person.password):
        body = {"email": person.email, "password": password}
        identity.client.post("/api/v1/auth/login", json=body, headers=headers)
    with identity.database.begin() as session:
        rows = select(SignInThrottle.key_hash, SignInThrottle.failures, SignInThrottle.blocked_until)
        counted: dict[bytes, tuple[int, datetime | None]] = {
            key: (failures, until) for key, failures, until in session.execute(rows)
        }
    assert counted[network] == (2, None)
    assert hash_address(parse_email(person.email)) not in counted
