"""A backup is played back on a running platform: who was erased since then is back, until one command is given."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import psycopg2
import pytest
from uuid_utils.compat import uuid7

from ops.demo.caller import PASSWORD, Caller
from ops.demo.mailbox import Mailbox
from ops.native.packages import find_postgres
from ops.places import ROOT
from shared.testing import wait_until

ERASURES = "/api/v1/admin/erasures"
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
State = dict[str, Any]


class Database:
    """The platform's database in its administrator's hands."""

    def __init__(self, access: dict[str, Any]) -> None:
        self._access = access
        self._environment = {
            "PGHOST": access["host"],
            "PGPORT": str(access["port"]),
            "PGUSER": access["admin_user"],
            "PGPASSWORD": access["admin_password"],
        }

    def dump(self, *options: str) -> bytes:
        """All schemas, as pg_dump writes them."""
        return self._run("pg_dump", *options, self._access["name"])

    def restore(self, backup: bytes) -> None:
        """Puts the backup in the database's place. Whoever is connected loses the connection."""
        access = self._access
        server = psycopg2.connect(
            host=access["host"],
            port=access["port"],
            user=access["admin_user"],
            password=access["admin_password"],
            dbname="postgres",
        )
        server.autocommit = True
        with server.cursor() as cursor:
            cursor.execute(f'DROP DATABASE "{access["name"]}" WITH (FORCE)')
        server.close()
        self._run("pg_restore", "--create", "--exit-on-error", "--dbname", "postgres", words=backup)

    def _run(self, tool: str, *arguments: str, words: bytes | None = None) -> bytes:
        program = (find_postgres() or Path("/usr/bin")) / tool
        done = subprocess.run(
            [program, *arguments], env=self._environment, input=words, capture_output=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout


@pytest.fixture
def people(platform: State) -> Iterator[Callable[[], Caller]]:
    """Callers at identity's own door: a gateway that somebody has just asked a lot keeps who comes next waiting."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(Caller(platform["services"]["identity"]["api"]))


@pytest.fixture
def admin(platform: State, people: Callable[[], Caller]) -> Caller:
    admin = people()
    admin.sign_in(platform["admin"]["email"], platform["admin"]["password"])
    return admin


def join(state: State, learner: Caller) -> Caller:
    """Somebody with an account, of whom the other services know; nobody else has their name."""
    mailbox, name = Mailbox(state["mail"]), f"canary{uuid7().hex}"
    learner.register(f"{name}@example.com", name, mailbox)
    wait_until(lambda: mailbox.of(learner.email).get("welcome"), 20, "the welcome mail")
    return learner


def may_sign_in(learner: Caller) -> bool:
    body = {"email": learner.email, "password": PASSWORD}
    return learner.raw("POST", "/api/v1/auth/login", json=body).status_code == 200


def leave(learner: Caller, admin: Caller) -> None:
    """The learner is erased, and every service has said so."""
    learner.call("POST", "/api/v1/users/me/erasure", 202)
    wait_until_erased(admin, learner)


def wait_until_erased(admin: Caller, learner: Caller, since: datetime = LONG_AGO) -> None:
    wait_until(lambda: not missing(admin, learner, since), 20, "every service's receipt")


def missing(admin: Caller, learner: Caller, since: datetime) -> list[str]:
    """The services without a receipt for this person that is younger."""
    [erasure] = [one for one in admin.call("GET", ERASURES)["items"] if one["user_id"] == learner.user_id]
    receipts = {item["service"]: item["erased_at"] for item in erasure["services"]}
    return [service for service, at in receipts.items() if at is None or datetime.fromisoformat(at) <= since]


def is_ready(state: State) -> bool:
    addresses = [address for service in state["services"].values() for address in service.values()]
    return all(httpx.get(f"{address}/readyz", timeout=10).status_code == 200 for address in addresses)


def erase_again(state: State, *younger: str) -> subprocess.CompletedProcess[str]:
    """What `make erase-again USERS="..."` runs."""
    command = [sys.executable, "-m", "ops", "erase-again", *younger, "--engine", "native"]
    environment = {**os.environ, "PLATFORM_DIRECTORY": state["directory"]}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_after_a_restore_one_command_erases_again_who_was_erased(
    platform: State, admin: Caller, people: Callable[[], Caller]
) -> None:
    database, older, younger = Database(platform["database"]), join(platform, people()), join(platform, people())
    leave(older, admin)
    backup = database.dump("--format=custom")
    leave(younger, admin)
    assert younger.email.encode() not in database.dump()

    database.restore(backup)
    wait_until(lambda: is_ready(platform), 20, "all services find the restored database")
    assert may_sign_in(younger), "the backup knows nothing of the erasure"
    restored_at = datetime.now(UTC)
    done = erase_again(platform, younger.user_id)
    assert (done.returncode, done.stdout) == (0, "2 people are being erased again\n"), done.stderr

    assert not may_sign_in(younger)
    for learner in (older, younger):
        wait_until_erased(admin, learner, restored_at)
    assert younger.email.partition("@")[0].encode() not in database.dump()


def test_who_cannot_be_erased_is_named_and_the_command_fails(platform: State, admin: Caller) -> None:
    administrator = admin.call("GET", "/api/v1/users/me")["id"]
    done = erase_again(platform, administrator)
    assert (done.returncode, administrator in done.stderr) == (1, True)
