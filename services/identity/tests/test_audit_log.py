"""Z8: whoever changes the audit log, by whatever means, is found out."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import ProgrammingError

from services.identity.tests.people import Person, audited
from shared import verify_audit
from shared.auditing import chain
from shared.testing import Harness, wait_until

AUDIT = "/api/v1/admin/audit"
# Each column of an entry, and another value of the same type.
FORGERIES = {
    "at": "at + interval '1 microsecond'",
    "action": "action || 'x'",
    "actor_id": "gen_random_uuid()",
    "session_id": "coalesce(session_id, '') || 'x'",
    "impersonator_id": "gen_random_uuid()",
    "object_id": "gen_random_uuid()",
    "ip": "ip || '1'",
    "user_agent": "user_agent || ' '",
    "request_id": "'0' || request_id",
    "details": "details || '{\"x\": 1}'",
}


@pytest.fixture(scope="module", autouse=True)
def short_log(identity: Harness) -> None:
    """Each look at the log reads it whole, and the tests of other files leave thousands of entries."""
    engine = identity.academy.owner("identity")
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE audit, audit_seals"))
    engine.dispose()


@pytest.fixture
def owner(identity: Harness) -> Iterator[Engine]:
    """Who can get round the service's rights: the owner of the schema."""
    engine = identity.academy.owner("identity")
    yield engine
    engine.dispose()


@pytest.fixture
def sealed(identity: Harness, person: Person) -> int:
    """The id of an entry in an intact, wholly sealed log."""
    chain.SEALING.run_to_end(identity.database)
    assert chain.verify_audit(identity.database).findings == []
    with identity.database.begin() as session:
        newest = text("SELECT max(id) FROM audit WHERE object_id = :id")
        return int(session.scalars(newest, {"id": person.id}).one())


@contextmanager
def tampered(owner: Engine, statement: str, **values: object) -> Iterator[None]:
    """Both tables with something done to them by the schema's owner; as they were after the block."""
    tables = ("audit", "audit_seals")
    with owner.begin() as connection:
        for table in tables:
            connection.execute(text(f"CREATE TABLE kept_{table} AS TABLE {table}"))
        connection.execute(text(statement), values)
    try:
        yield
    finally:
        with owner.begin() as connection:
            for table in tables:
                connection.execute(text(f"TRUNCATE {table}"))
                connection.execute(text(f"INSERT INTO {table} OVERRIDING SYSTEM VALUE TABLE kept_{table}"))
                connection.execute(text(f"DROP TABLE kept_{table}"))


def environment(identity: Harness) -> dict[str, str]:
    settings = identity.app.state.settings
    return {
        "PATH": os.environ["PATH"],
        "ENVIRONMENT": "production",
        "DATABASE_HOST": settings.database_host,
        "DATABASE_PORT": str(settings.database_port),
        "DATABASE_NAME": settings.database_name,
        "DATABASE_PASSWORD": settings.database_password.get_secret_value(),
    }


def run_verifier(identity: Harness, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "shared.verify_audit", "identity", *arguments]
    return subprocess.run(command, env=environment(identity), capture_output=True, text=True, timeout=60, check=False)


def test_every_column_is_in_the_forgeries(identity: Harness) -> None:
    with identity.database.begin() as session:
        columns = text("SELECT column_name FROM information_schema.columns WHERE table_name = 'audit'")
        assert set(session.scalars(columns)) == {"id", *FORGERIES}


@pytest.mark.parametrize("column", FORGERIES)
def test_a_changed_column_is_found_and_named(identity: Harness, owner: Engine, sealed: int, column: str) -> None:
    with tampered(owner, f"UPDATE audit SET {column} = {FORGERIES[column]} WHERE id = :id", id=sealed):
        [finding] = chain.verify_audit(identity.database).findings
    assert finding.startswith(f"entry {sealed} or link ")
    assert chain.verify_audit(identity.database).findings == []


def test_a_flip_of_any_byte_is_found(identity: Harness, owner: Engine, admin: Person, person: Person) -> None:
    admin.browser.post(f"/api/v1/admin/users/{person.id}/suspend", json={"reason": "spam"})
    chain.SEALING.run_to_end(identity.database)
    with owner.begin() as connection:
        newest = "SELECT * FROM audit WHERE object_id = :id AND action = 'user.suspended'"
        entry = connection.execute(text(newest), {"id": person.id}).one()
    unseen, flips = [], [flip for column, value in entry._mapping.items() for flip in flips_of(column, value)]
    for flip in flips:
        for flipped in (True, False):
            # Done twice, a flip is undone.
            with owner.begin() as connection:
                connection.execute(text(f"UPDATE audit SET {flip} WHERE id = :id"), {"id": entry.id})
            if bool(chain.verify_audit(identity.database).findings) is not flipped:
                unseen.append(flip)
    assert (unseen, len(flips) > 100) == ([], True)


def flips_of(column: str, value: object) -> list[str]:
    """Assignments, each of which flips a bit in another byte of the column; in JSON, of each letter."""
    if isinstance(value, UUID):
        sent = f"uuid_send({column})"
        flipped = f"encode(set_byte({sent}, {{0}}, get_byte({sent}, {{0}}) # 1), 'hex')::uuid"
        return [f"{column} = {flipped.format(byte)}" for byte in range(16)]
    if isinstance(value, datetime):
        whole = f"(extract(epoch FROM {column}) * 1000000)::bigint"
        flipped = f"'epoch'::timestamptz + ({whole} # (1::bigint << {{0}})) * interval '1 microsecond'"
        return [f"{column} = {flipped.format(bit)}" for bit in range(0, 48, 4)]
    if isinstance(value, str | dict):
        shown = value if isinstance(value, str) else json.dumps(value)
        places = [place for place, sign in enumerate(shown, 1) if isinstance(value, str) or sign.isalpha()]
        one = f"chr(ascii(substr({column}::text, {{0}}, 1)) # 1)"
        kind = "text" if isinstance(value, str) else "jsonb"
        changed = f"overlay({column}::text PLACING {one} FROM {{0}} FOR 1)::{kind}"
        return [f"{column} = {changed.format(place)}" for place in places]
    return []


@pytest.mark.parametrize("byte", [0, 15, 31])
def test_a_changed_byte_of_a_link_is_found(identity: Harness, owner: Engine, sealed: int, byte: int) -> None:
    flipped = f"set_byte(hash, {byte}, get_byte(hash, {byte}) # 1)"
    with tampered(owner, f"UPDATE audit_seals SET hash = {flipped} WHERE entry_id = :id", id=sealed):
        findings = chain.verify_audit(identity.database).findings
    assert findings[0].startswith(f"entry {sealed} or link ")


def test_the_command_says_intact_or_what_is_not(identity: Harness, owner: Engine, sealed: int) -> None:
    intact = run_verifier(identity)
    assert (intact.returncode, intact.stderr) == (0, "")
    head = re.search(r"head identity:([0-9a-f]{64})", intact.stdout)
    assert head
    assert run_verifier(identity, head[1]).returncode == 0
    with tampered(owner, "UPDATE audit SET ip = ip || 'x' WHERE id = :id", id=sealed):
        broken = run_verifier(identity)
    assert (broken.returncode, f"entry {sealed}" in broken.stderr) == (1, True)


def test_a_deleted_entry_is_found(identity: Harness, owner: Engine, sealed: int) -> None:
    with tampered(owner, "DELETE FROM audit WHERE id = :id", id=sealed):
        assert chain.verify_audit(identity.database).findings == [f"entry {sealed} was deleted"]


def test_a_link_cut_out_of_the_middle_is_found(identity: Harness, owner: Engine, admin: Person, sealed: int) -> None:
    with tampered(owner, "DELETE FROM audit_seals WHERE seq = 2"):
        assert "links 2 to 2 are missing" in chain.verify_audit(identity.database).findings


def test_an_end_cut_off_with_its_links_is_found_by_a_head_noted_before(
    identity: Harness,
    owner: Engine,
    sealed: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in environment(identity).items():
        monkeypatch.setenv(name, value)
    head = chain.verify_audit(identity.database).head
    both = "WITH cut AS (DELETE FROM audit WHERE id >= :id RETURNING id) DELETE FROM audit_seals WHERE entry_id >= :id"
    with tampered(owner, both, id=sealed):
        assert verify_audit.main(["identity"]) == 0
        assert verify_audit.main(["identity", head]) == 1
    assert capsys.readouterr().err == f"identity audit log: no link has the hash {head}\n"


def test_an_entry_slipped_in_later_is_found(identity: Harness, owner: Engine, sealed: int) -> None:
    slipped = (
        "INSERT INTO audit (at, action, ip, user_agent, request_id, details)"
        " VALUES (now() - interval '1 day', 'user.registered', '', '', '', '{}')"
    )
    with tampered(owner, slipped):
        findings = chain.verify_audit(identity.database).findings
    assert findings == ["1 entries are older than 0:05:00 and not sealed"]


@pytest.mark.parametrize("table", ["audit", "audit_seals"])
@pytest.mark.parametrize("act", ["UPDATE {} SET {} = {}", "DELETE FROM {}", "TRUNCATE {}"])
def test_the_service_itself_may_only_add(identity: Harness, table: str, act: str) -> None:
    column = {"audit": "action", "audit_seals": "hash"}[table]
    with pytest.raises(ProgrammingError, match="permission denied"), identity.database.begin() as session:
        session.execute(text(act.format(table, column, column)))


def test_the_worker_seals_by_itself(identity: Harness, person: Person) -> None:
    with identity.database.begin() as session:
        session.execute(text("UPDATE jobs SET next_run_at = now()"))
    with identity.running_worker("jobs"):
        wait_until(lambda: chain.verify_audit(identity.database).waiting == 0)


def test_administrators_find_entries_by_person_act_and_time(identity: Harness, admin: Person, person: Person) -> None:
    admin.browser.post(f"/api/v1/admin/users/{person.id}/suspend", json={"reason": "spam"})
    about = {"object_id": str(person.id)}
    entries = admin.browser.get(AUDIT, params=about).json()["items"]
    assert [entry["action"] for entry in entries] == audited(identity, person)[::-1], "the newest first"
    suspended = admin.browser.get(AUDIT, params={**about, "action": "user.suspended"}).json()["items"]
    assert [(entry["actor_id"], entry["details"]["reason"]) for entry in suspended] == [(str(admin.id), "spam")]
    by_noun = admin.browser.get(AUDIT, params={**about, "action": "user"}).json()["items"]
    assert {entry["action"] for entry in by_noun} == {"user.registered", "user.suspended"}
    by_actor = admin.browser.get(AUDIT, params={**about, "actor_id": str(admin.id)}).json()["items"]
    assert [entry["action"] for entry in by_actor] == ["user.suspended"]
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    assert admin.browser.get(AUDIT, params={**about, "since": tomorrow}).json()["items"] == []
    assert len(admin.browser.get(AUDIT, params={**about, "until": tomorrow}).json()["items"]) == len(entries)
    first = admin.browser.get(AUDIT, params={**about, "limit": 1}).json()
    second = admin.browser.get(AUDIT, params={**about, "limit": 1, "cursor": first["next_cursor"]}).json()
    assert [first["items"][0]["id"], second["items"][0]["id"]] == [entry["id"] for entry in entries[:2]]


@pytest.mark.parametrize(
    "params", [{"actor_id": "x"}, {"object_id": 7}, {"action": "A; DROP"}, {"since": "today"}, {"cursor": "WyJ4Il0"}]
)
def test_bad_filters_are_named(admin: Person, params: dict[str, str]) -> None:
    answer = admin.browser.get(AUDIT, params=params)
    assert answer.status_code == 422
    assert {error["field"] for error in answer.json()["errors"]} == set(params)
