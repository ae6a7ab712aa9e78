"""One-shot jobs with administrator rights: `python -m shared.provision database|broker`. Safe to repeat.

database: a schema per service, a role that owns it (migrations) and a role that may only read and write its rows.
broker: users with least privilege, exchanges, queues, bindings, policies, by RabbitMQ's management API.
"""

import sys
from typing import Any

import httpx
from psycopg2 import sql
from psycopg2.extensions import connection as PgConnection
from pydantic import Field, SecretStr
from sqlalchemy import URL, create_engine
from sqlalchemy.exc import OperationalError

from shared import locks, startup, topology
from shared.secret_files import SECRETS_DIR, read_secret
from shared.settings import UNUSED, Settings
from shared.telemetry import configure_logging, get_logger

log = get_logger(__name__)


class ProvisionSettings(Settings):
    """Administrator access; the services never see it."""

    is_job = True
    postgres_admin_user: str = "postgres"
    postgres_admin_password: SecretStr = SecretStr("")
    # Of each role: well below Postgres' max_connections, so that one service cannot take them all.
    database_connections_per_service: int = Field(120, ge=1)
    broker_admin_user: str = "admin"
    broker_admin_password: SecretStr = SecretStr("")
    # Used by the services only; production must not ask for them here.
    database_password: SecretStr = UNUSED
    broker_password: SecretStr = UNUSED
    internal_token: SecretStr = UNUSED


def secret_of(service: str, name: str) -> str:
    """A service's password from `<SERVICE>_<NAME>`, a variable or a file. Raises SystemExit when it is missing."""
    value = read_secret(f"{service}_{name}")
    if not value:
        variable = f"{service}_{name}"
        raise SystemExit(f"provision: set {variable.upper()}, or write it into {SECRETS_DIR / variable}")
    return value


def provision_database(settings: ProvisionSettings) -> None:
    """Creates or repairs roles, schemas and rights of all services."""
    url = URL.create(
        "postgresql+psycopg2",
        settings.postgres_admin_user,
        settings.postgres_admin_password.get_secret_value(),
        settings.database_host,
        settings.database_port,
        settings.database_name,
    )
    engine = create_engine(url)
    try:
        connection: Any = engine.raw_connection()
    except OperationalError as error:
        raise SystemExit(
            f"provision: cannot connect as {settings.postgres_admin_user}: {error.orig}"
            "Was the database made with another POSTGRES_ADMIN_PASSWORD? Restore that one, or, to lose all data,"
            " start with an empty volume (docker compose down --volumes)."
        ) from error
    try:
        _execute(connection, "SELECT pg_advisory_xact_lock(42)")
        _execute(connection, "REVOKE ALL ON SCHEMA public FROM PUBLIC")
        _execute(connection, "REVOKE CONNECT, TEMPORARY ON DATABASE {db} FROM PUBLIC", db=settings.database_name)
        _close_other_databases(connection)
        closed = locks.close_functions(connection)
        for service in topology.SERVICES:
            _provision_schema(connection, service, settings)
            locks.create_functions(connection, service, closed)
        connection.commit()
    finally:
        connection.close()
        engine.dispose()
    log.info("database provisioned", schemas=topology.SERVICES)


def _close_other_databases(connection: PgConnection) -> None:
    """Postgres lets every role into its own two databases. A managed server may keep them to itself."""
    open_ones = (
        "SELECT datname FROM pg_database WHERE datname IN ('postgres', 'template1')"
        " AND has_database_privilege('public', oid, 'CONNECT') AND pg_has_role(datdba, 'USAGE')"
    )
    with connection.cursor() as cursor:
        cursor.execute(open_ones)
        for (database,) in cursor.fetchall():
            _execute(connection, "REVOKE CONNECT, TEMPORARY ON DATABASE {db} FROM PUBLIC", db=database)


def _provision_schema(connection: PgConnection, service: str, settings: ProvisionSettings) -> None:
    owner, app = f"{service}_owner", f"{service}_app"
    for role, password in ((owner, "migration_password"), (app, "database_password")):
        _ensure_role(connection, role, secret_of(service, password), settings.database_connections_per_service)
        names = {"role": role, "schema": service, "db": settings.database_name}
        _execute(connection, "GRANT CONNECT ON DATABASE {db} TO {role}", **names)
        _execute(connection, "ALTER ROLE {role} SET search_path = {schema}", **names)
    names = {"owner": owner, "app": app, "schema": service}
    _execute(connection, "GRANT {owner} TO CURRENT_USER", **names)
    _execute(connection, "CREATE SCHEMA IF NOT EXISTS {schema} AUTHORIZATION {owner}", **names)
    _execute(connection, "GRANT USAGE ON SCHEMA {schema} TO {app}", **names)
    for what, rights in (("TABLES", "SELECT, INSERT, UPDATE, DELETE"), ("SEQUENCES", "USAGE, SELECT")):
        defaults = "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA {schema} GRANT "
        _execute(connection, f"{defaults}{rights} ON {what} TO {{app}}", **names)


def _ensure_role(connection: PgConnection, role: str, password: str, connections: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,))
        verb = "ALTER" if cursor.fetchone() else "CREATE"
        rights = " ROLE {role} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE CONNECTION LIMIT {limit} PASSWORD {password}"
        values = {"role": sql.Identifier(role), "limit": sql.Literal(connections), "password": sql.Literal(password)}
        cursor.execute(sql.SQL(verb + rights).format(**values))


def _execute(connection: PgConnection, statement: str, **names: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL(statement).format(**{key: sql.Identifier(name) for key, name in names.items()}))


def provision_broker(settings: ProvisionSettings) -> None:
    """Declares everything of shared/topology.py. Existing messages are untouched."""
    auth = (settings.broker_admin_user, settings.broker_admin_password.get_secret_value())
    with httpx.Client(base_url=f"{settings.broker_management_url}/api", auth=auth, timeout=30, trust_env=False) as api:
        vhost = settings.broker_vhost
        _put(api, f"/vhosts/{vhost}", {})
        _put(api, f"/permissions/{vhost}/{auth[0]}", {"configure": ".*", "write": ".*", "read": ".*"})
        for service in topology.SERVICES:
            # The tag lets a service look at its queues, so that its worker can check them; it grants no other right.
            _put(api, f"/users/{service}", {"password": secret_of(service, "broker_password"), "tags": "management"})
            _put(api, f"/permissions/{vhost}/{service}", topology.permissions(service))
        for name in topology.publishers():
            _put(api, f"/exchanges/{vhost}/{topology.exchange(name)}", {"type": "topic", "durable": True})
        _put(api, f"/exchanges/{vhost}/{topology.DEAD_LETTER_EXCHANGE}", {"type": "direct", "durable": True})
        for name, policy in topology.policies().items():
            _put(api, f"/policies/{vhost}/{name}", policy)
        for service in topology.SERVICES:
            _declare_queues(api, vhost, service)
    log.info("broker provisioned", vhost=vhost)


def _declare_queues(api: httpx.Client, vhost: str, service: str) -> None:
    inbox, dead = topology.inbox_queue(service), topology.dead_queue(service)
    for queue in (inbox, dead):
        _put(api, f"/queues/{vhost}/{queue}", {"durable": True, "arguments": {"x-queue-type": "quorum"}})
    _bind(api, vhost, topology.DEAD_LETTER_EXCHANGE, dead, dead)
    for exchange, routing_key in topology.bindings(service):
        _bind(api, vhost, exchange, inbox, routing_key)


def _put(api: httpx.Client, path: str, body: dict[str, Any]) -> None:
    _checked(api.put(path, json=body))


def _bind(api: httpx.Client, vhost: str, exchange: str, queue: str, routing_key: str) -> None:
    _checked(api.post(f"/bindings/{vhost}/e/{exchange}/q/{queue}", json={"routing_key": routing_key}))


def _checked(answer: httpx.Response) -> None:
    if answer.is_error:
        raise SystemExit(
            f"provision: {answer.request.method} {answer.request.url.path}: {answer.status_code} {answer.text}"
        )


def main(arguments: list[str]) -> int:
    """Command line: which part."""
    parts = {"database": provision_database, "broker": provision_broker}
    if len(arguments) != 1 or arguments[0] not in parts:
        sys.stderr.write("usage: python -m shared.provision database|broker\n")
        return 2
    settings = startup.read(ProvisionSettings, "provision")
    configure_logging("provision", settings.log_level)
    parts[arguments[0]](settings)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
