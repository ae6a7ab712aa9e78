"""Z6: the walls between services below Python: one Postgres role and one RabbitMQ user each, with least privilege."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import httpx
import pika
import psycopg2
import pytest
from pika.exceptions import AMQPError, ChannelClosedByBroker
from psycopg2 import errors

from shared import topology
from shared.testing import Academy
from shared.testing.academy import PASSWORD

# A service, and one whose things it tries to get at.
PAIRS = list(zip(topology.SERVICES, (*topology.SERVICES[1:], topology.SERVICES[0]), strict=True))
FORBIDDEN = {
    "read another schema": "SELECT * FROM {other}.outbox",
    "write to another schema": "INSERT INTO {other}.inbox DEFAULT VALUES",
    "change a table": "ALTER TABLE outbox ADD COLUMN mine int",
    "drop a table": "DROP TABLE outbox",
    "make a table": "CREATE TABLE mine (id int)",
    "make a table in another schema": "CREATE TABLE {other}.mine (id int)",
    "make a table in the public schema": "CREATE TABLE public.mine (id int)",
    "make a temporary table": "CREATE TEMPORARY TABLE mine (id int)",
    "make a schema": "CREATE SCHEMA mine",
    "empty a table": "TRUNCATE inbox",
    "run a program": "COPY outbox TO PROGRAM 'cat'",
    "write a file": "COPY outbox TO '/tmp/mine'",
    "read a file": "SELECT pg_read_file('/etc/passwd')",
    "list a directory": "SELECT pg_ls_dir('/')",
    "import a file": "SELECT lo_import('/etc/passwd')",
    "become its owner": "SET ROLE {service}_owner",
    "become another service": "SET ROLE {other}_app",
    "become an administrator": "SET SESSION AUTHORIZATION postgres",
    "make itself an administrator": "ALTER ROLE {service}_app SUPERUSER",
    "take another's password": "ALTER ROLE {other}_app PASSWORD 'mine'",
    "make a role": "CREATE ROLE mine",
    "join a role": "GRANT {other}_app TO {service}_app",
    "read password hashes": "SELECT * FROM pg_authid",
    "make a database": "CREATE DATABASE mine",
    "load an extension": "CREATE EXTENSION dblink",
    "change the server": "ALTER SYSTEM SET log_statement = 'all'",
    "end others' connections": "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'postgres'",
    "take any advisory lock": "SELECT pg_advisory_lock(1)",
    "take the lock of another service": "SELECT {other}.take_lock('admins')",
    "store a large object": "SELECT lo_from_bytea(0, 'x')",
    "make a large object": "SELECT lo_create(0)",
    "raise its connection limit": "ALTER ROLE {service}_app CONNECTION LIMIT -1",
    "make a function": "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
}


@contextmanager
def signed_in(academy: Academy, role: str, database: str = "") -> Iterator[Any]:
    """A connection of a service's role, that autocommits."""
    url = academy.role_url(role).set(drivername="postgresql", database=database or academy.name)
    connection = psycopg2.connect(url.render_as_string(hide_password=False))
    connection.autocommit = True
    try:
        yield connection
    finally:
        connection.close()


@pytest.mark.parametrize(("service", "other"), PAIRS)
def test_a_services_role_may_only_read_and_write_its_own_rows(academy: Academy, service: str, other: str) -> None:
    for name in (service, other):
        academy.migrate(name)
    allowed = []
    with signed_in(academy, f"{service}_app") as connection:
        for act, statement in FORBIDDEN.items():
            with connection.cursor() as cursor:
                try:
                    cursor.execute(statement.format(service=service, other=other))
                    allowed.append(act)
                except errors.InsufficientPrivilege:
                    continue
    assert allowed == []


@pytest.mark.parametrize("service", topology.SERVICES)
def test_a_services_role_sees_no_other_schema_and_no_other_database(academy: Academy, service: str) -> None:
    with signed_in(academy, f"{service}_app") as connection, connection.cursor() as cursor:
        cursor.execute("SELECT nspname FROM pg_namespace WHERE has_schema_privilege(nspname, 'USAGE')")
        usable = {name for (name,) in cursor.fetchall()}
        assert usable - {"pg_catalog", "information_schema", "public"} == {service}
        cursor.execute("SELECT datname FROM pg_database WHERE has_database_privilege(datname, 'CONNECT')")
        assert academy.name in {name for (name,) in cursor.fetchall()}
    for database in ("postgres", "template1"):
        with (
            pytest.raises(psycopg2.OperationalError, match="permission denied"),
            signed_in(academy, f"{service}_app", database),
        ):
            pass


@pytest.mark.parametrize("service", topology.SERVICES)
def test_a_services_role_calls_no_function_of_advisory_locks_or_large_objects(academy: Academy, service: str) -> None:
    callable_ones = (
        "SELECT oid::regprocedure::text FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace"
        " AND (proname LIKE '%advisory%' OR proname ~ '^lo(_|read$|write$)') AND has_function_privilege(oid, 'EXECUTE')"
    )
    with signed_in(academy, f"{service}_app") as connection, connection.cursor() as cursor:
        cursor.execute(callable_ones)
        assert cursor.fetchall() == []


@pytest.mark.parametrize(("service", "other"), PAIRS)
def test_two_services_hold_a_lock_of_the_same_name_at_once(academy: Academy, service: str, other: str) -> None:
    roles = (f"{service}_app", f"{service}_app", f"{other}_app")
    with ExitStack() as stack:
        connections = [stack.enter_context(signed_in(academy, role)) for role in roles]
        taken = []
        for connection in connections:
            with connection.cursor() as cursor:
                cursor.execute("SELECT try_session_lock('admins')")
                taken.append(cursor.fetchone()[0])
    assert taken == [True, False, True]


def test_no_role_may_take_all_connections_of_the_server(academy: Academy) -> None:
    limits = (
        "SELECT bool_and(rolconnlimit > 0 AND 2 * rolconnlimit < current_setting('max_connections')::int)"
        " FROM pg_roles WHERE rolname = ANY(%s)"
    )
    roles = [f"{service}_{kind}" for service in topology.SERVICES for kind in ("app", "owner")]
    with signed_in(academy, "live_app") as connection, connection.cursor() as cursor:
        cursor.execute(limits, (roles,))
        assert cursor.fetchone() == (True,)


@pytest.mark.parametrize(("service", "other"), PAIRS)
def test_a_services_broker_user_can_neither_forge_nor_steal_nor_change_the_topology(
    academy: Academy, service: str, other: str
) -> None:
    exchange, own, theirs = topology.exchange(other), topology.inbox_queue(service), topology.inbox_queue(other)
    acts: list[tuple[str, tuple[Any, ...]]] = [
        ("basic_publish", (exchange, "PaymentSucceeded", b"{}")),
        ("basic_publish", (topology.DEAD_LETTER_EXCHANGE, topology.dead_queue(other), b"{}")),
        ("basic_publish", ("", theirs, b"{}")),
        ("basic_publish", ("amq.topic", "PaymentSucceeded", b"{}")),
        ("basic_get", (theirs,)),
        ("basic_get", (topology.dead_queue(other),)),
        ("basic_consume", (theirs, lambda *_: None)),
        ("queue_purge", (theirs,)),
        ("queue_delete", (theirs,)),
        ("queue_delete", (own,)),
        ("queue_declare", (f"{service}.mine", False, True)),
        ("queue_declare", ("", False, False, True)),
        ("queue_bind", (own, exchange, "Everything")),
        ("queue_bind", (theirs, exchange, "Everything")),
        ("queue_unbind", (theirs, exchange, "PaymentSucceeded")),
        ("exchange_declare", (f"academy.{service}x",)),
        ("exchange_delete", (exchange,)),
        ("exchange_bind", (topology.exchange(service), exchange)),
    ]
    allowed = [(act, arguments) for act, arguments in acts if not refused(academy, service, act, arguments)]
    assert allowed == []


def refused(academy: Academy, user: str, act: str, arguments: tuple[Any, ...]) -> bool:
    with pika.BlockingConnection(academy.broker_parameters(user)) as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        try:
            getattr(channel, act)(*arguments)
        except ChannelClosedByBroker as closed:
            return bool(closed.reply_code == 403)
    return False


@pytest.mark.parametrize("service", topology.SERVICES)
def test_a_services_broker_user_enters_no_other_vhost(academy: Academy, service: str) -> None:
    parameters = academy.broker_parameters(service)
    parameters.virtual_host = "/"
    with pytest.raises(AMQPError):
        pika.BlockingConnection(parameters)


@pytest.mark.parametrize("service", topology.SERVICES)
def test_a_services_broker_user_administers_nothing(academy: Academy, service: str) -> None:
    """Its `management` tag lets the worker look at its own queues; nothing else."""

    vhost = academy.name
    acts = [
        ("PUT", f"/users/{service}x", {"password": "mine", "tags": "administrator"}),
        ("PUT", f"/users/{service}", {"password": "mine", "tags": "administrator"}),
        ("PUT", f"/permissions/{vhost}/{service}", {"configure": ".*", "write": ".*", "read": ".*"}),
        ("PUT", "/vhosts/mine", {}),
        ("PUT", f"/policies/{vhost}/mine", {"pattern": ".*", "definition": {"max-length": 1}, "apply-to": "queues"}),
        ("PUT", f"/vhost-limits/{vhost}/max-connections", {"value": 0}),
        ("GET", "/users", None),
        ("GET", "/permissions", None),
        ("GET", "/definitions", None),
        ("DELETE", f"/vhosts/{vhost}", None),
    ]
    url = f"{os.environ['TEST_BROKER_MANAGEMENT_URL']}/api"
    answers = {}
    for method, path, body in acts:
        # A connection each: the server may hang up after it has refused a body.
        answer = httpx.request(method, url + path, json=body, auth=(service, PASSWORD), timeout=30)
        answers[f"{method} {path}"] = answer.status_code
    assert {act: status for act, status in answers.items() if status not in {401, 403}} == {}
