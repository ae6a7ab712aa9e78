"""All six services in one process, with the real identity behind their tokens and real events between them."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import pika
import psycopg2
from pydantic import SecretStr

from services.identity.tests.people import Person
from shared import topology
from shared.testing import Academy, Harness
from shared.testing.academy import INTERNAL_TOKEN, PASSWORD
from shared.testing.harness import Caller

ROOT = Path(__file__).resolve().parents[2]
Six = Mapping[str, Harness]


@contextmanager
def six_services(
    academy: Academy, signing_key: Path, smtp_port: int, **settings_of: Mapping[str, Any]
) -> Iterator[Six]:
    """Their apis, answering; which workers run is the test's business. More settings by service."""
    own: dict[str, Mapping[str, Any]] = {
        "identity": {"signing_key_file": signing_key},
        "billing": {"stripe_api_key": SecretStr("sk_test_1"), "stripe_webhook_secrets": SecretStr("whsec_1")},
        "notifications": {"smtp_host": "127.0.0.1", "smtp_port": smtp_port},
    }
    six: dict[str, Harness] = {}
    with ExitStack() as stack:
        for name in topology.SERVICES:
            reached = {"identity_url": six["identity"].url} if "identity" in six else {}
            # As if the migrations of others were there already: events may come from the first second on.
            settings_class = import_module(f"services.{name}.settings").Settings
            more = {**own.get(name, {}), **settings_of.get(name, {})}
            settings = academy.settings(
                settings_class, **reached, **more, event_first_retry_seconds=0.1, worker_poll_seconds=0.5
            )
            create_app = import_module(f"services.{name}.main").create_app
            create_worker = import_module(f"services.{name}.worker").create_worker
            six[name] = stack.enter_context(academy.service(name, settings, create_app, create_worker))
        yield six


@contextmanager
def workers(six: Six, *names: str) -> Iterator[None]:
    """The workers of these services (all when none is named), running until the block ends."""
    with ExitStack() as stack:
        for name in names or topology.SERVICES:
            stack.enter_context(six[name].running_worker())
        yield


def at(six: Six, service: str, person: Person) -> Caller:
    """Somebody's requests to a service, with the token that identity gave them."""
    return Caller(six[service].client, person.id, person.access_token)


def run_worker(academy: Academy, name: str, **variables: str) -> int:
    """A worker as a process of its own, until it ends; returns its exit code."""
    settings = academy.settings(import_module(f"services.{name}.settings").Settings)
    environment = {
        **os.environ,
        "DATABASE_HOST": settings.database_host,
        "DATABASE_PORT": str(settings.database_port),
        "DATABASE_NAME": academy.name,
        "DATABASE_PASSWORD": PASSWORD,
        "BROKER_HOST": settings.broker_host,
        "BROKER_PORT": str(settings.broker_port),
        "BROKER_VHOST": academy.name,
        "BROKER_PASSWORD": PASSWORD,
        "INTERNAL_TOKEN": INTERNAL_TOKEN,
        "STORAGE_URL": academy.storage_url,
        **variables,
    }
    command = [sys.executable, "-m", f"services.{name}.worker"]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, timeout=60, check=False).returncode


def found_in_tables(academy: Academy, words: list[str]) -> set[str]:
    """The tables of all schemas in which one of the words stands, as text or as bytes: a grep over a dump."""
    found = set()
    for service in topology.SERVICES:
        url = academy.role_url(f"{service}_owner")
        dsn = url.set(drivername="postgresql").render_as_string(hide_password=False)
        connection = psycopg2.connect(dsn)
        with connection, connection.cursor() as cursor:
            cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", (service,))
            for (table,) in cursor.fetchall():
                cursor.execute(f'SELECT t::text FROM "{service}"."{table}" t')
                dumped = "\n".join(row for (row,) in cursor.fetchall())
                if any(word in dumped or word.encode().hex() in dumped for word in words):
                    found.add(f"{service}.{table}")
        connection.close()
    return found


def found_in_queues(academy: Academy, words: list[str]) -> set[str]:
    """The queues in which a message holds one of the words. Messages stay: nothing is acknowledged."""
    found = set()
    for service in topology.SERVICES:
        with pika.BlockingConnection(academy.broker_parameters(service)) as connection:
            channel = connection.channel()
            for queue in (topology.inbox_queue(service), topology.dead_queue(service)):
                while (body := channel.basic_get(queue)[2]) is not None:
                    if any(word.encode() in body for word in words):
                        found.add(queue)
    return found


def found_in_files(academy: Academy, words: list[str]) -> set[str]:
    """The stored files that hold one of the words."""
    folder = Path(academy.storage_url.removeprefix("file://"))
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {
        str(path.relative_to(folder)) for path in files if any(word.encode() in path.read_bytes() for word in words)
    }
