"""Where it is measured: one platform, its references beside it, both filled with the same school."""

import subprocess
import sys
import time
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from uuid_utils.compat import uuid7

from ops.bench import school
from ops.bench.bare import administrator
from ops.bench.rivals import Monolith, StaticFiles
from ops.gateway import DEFAULTS
from ops.native.instance import Instance
from ops.native.platform import Platform
from ops.native.ports import any_free
from ops.native.secrets import signing_key
from ops.places import ROOT, SERVICES, VAR
from services.identity.access_tokens import TokenSigner
from services.identity.signing_keys import KeyStore

HOME = VAR / "bench"
MONOLITH = "monolith"
# They ask for people's names, and the learners here never signed up: each event would be tried again all along.
FOLLOWERS = ("certificates-worker", "notifications-worker")
UNLIMITED = {name: "1000000r/s" for name in DEFAULTS if name.endswith("_RATE")}
UNLIMITED |= {name: "60000" for name in DEFAULTS if name.endswith(("_BURST", "_CONNECTIONS"))}
UNCOUNTED = {"ACCOUNT_RATE": "1000000", "ACCOUNT_BURST": "60000"}
WAITING_EVENTS = """
    SELECT EXISTS (SELECT FROM catalog.outbox WHERE published_at IS NULL)
        OR EXISTS (SELECT FROM billing.outbox WHERE published_at IS NULL)
        OR EXISTS (SELECT FROM billing.inbox WHERE status = 'pending')
"""
SETTLE_SECONDS = 180
CREATE_TABLES = """
from ops.bench.baseline.application import create_app
from ops.bench.baseline.models import db
with create_app().app_context():
    db.create_all()
"""


class Ground:
    """`gateway`, `baseline` and `static_url` are addresses; `overrides` may be changed before a restart."""

    def __init__(self, home: Path = HOME) -> None:
        self.overrides: dict[str, dict[str, str]] = {f"{service}-api": dict(UNCOUNTED) for service in SERVICES}
        self.overrides["gateway"] = dict(UNLIMITED)
        self.platform = Platform(home, overrides=self.overrides)
        self._instance = Instance(home)

    def open(self, blocks: int) -> None:
        """Starts everything on empty data and fills it; `blocks` of writers, one for each round of writes."""
        self.platform.remove()
        self.state = self.platform.up()
        self.gateway = str(self.state["gateway"])
        self.database: dict[str, Any] = self.state["database"]
        self.monolith_database = {**self.database, "name": MONOLITH}
        self._keep_commit_times()
        self._start_rivals()
        for name in FOLLOWERS:
            self.platform.stop(name)
        for database, schema in self.sides:
            school.fill_courses(database, schema, 1, school.COURSES)
            school.fill_learners(database, schema, blocks)

    def close(self) -> None:
        """Stops everything and deletes what it left."""
        self.platform.remove()

    def settle(self) -> None:
        """Waits until the events of what was measured before are sent: their work is not the next one's."""
        deadline = time.monotonic() + SETTLE_SECONDS
        with administrator(self.database) as cursor:
            while time.monotonic() < deadline:
                cursor.execute(WAITING_EVENTS)
                if not cursor.fetchone()[0]:
                    return
                time.sleep(0.5)

    @property
    def sides(self) -> tuple[tuple[dict[str, Any], str], ...]:
        """(database, schema) of the platform's catalog and of the monolith."""
        return (self.database, "catalog"), (self.monolith_database, "public")

    @property
    def secrets(self) -> dict[str, str]:
        """The platform's, by lower-case variable name."""
        return self._instance.secrets

    @property
    def catalog(self) -> str:
        """The address of catalog's api, past the gateway."""
        return str(self.state["services"]["catalog"]["api"])

    @cached_property
    def signer(self) -> TokenSigner:
        """Identity's own, with its key: tokens for learners who never signed in."""
        return TokenSigner(KeyStore(signing_key(self._instance.directory)))

    def tokens(self, learners: Iterable[UUID]) -> dict[UUID, str]:
        """A token of five minutes for each."""
        return {learner: self.signer.sign(learner, uuid7(), ["student"]) for learner in learners}

    def fetch(self, path: str) -> bytes:
        """A public answer of the gateway, not compressed."""
        headers = {"Accept-Encoding": "identity"}
        return httpx.get(f"{self.gateway}{path}", headers=headers, trust_env=False).raise_for_status().content

    def restart(self, name: str, **variables: str) -> None:
        """One process of an api again, told these variables and no others of before."""
        self.overrides[name] = UNCOUNTED | variables
        self.platform.stop(name)
        self.platform.start(name)

    def _keep_commit_times(self) -> None:
        """They tell when an effect was there for others, not when its transaction began."""
        with administrator(self.database) as cursor:
            cursor.execute("ALTER SYSTEM SET track_commit_timestamp = on")
        self.platform.stop("postgres")
        self.platform.start("postgres")

    def _start_rivals(self) -> None:
        with administrator(self.database) as cursor:
            cursor.execute(f"CREATE DATABASE {MONOLITH}")
        facts, port = self.database, any_free()
        access = f"{facts['admin_user']}:{facts['admin_password']}@{facts['host']}:{facts['port']}"
        monolith = Monolith(port, f"postgresql+psycopg2://{access}/{MONOLITH}", signing_key(self._instance.directory))
        argv = [sys.executable, "-c", CREATE_TABLES]
        subprocess.run(argv, env=monolith.environment, cwd=ROOT, check=True)
        self.baseline = f"http://127.0.0.1:{port}"
        self._instance.supervisor.start(monolith.program())
        port = any_free({port})
        self.static = StaticFiles(self._instance.home / "static-files", port)
        self.static_url = f"http://127.0.0.1:{port}"
        self._instance.supervisor.start(self.static.program())
