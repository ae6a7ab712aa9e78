"""A private academy for one test process: its own database, its own vhost, provisioned by the real jobs."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pika
import psycopg2
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy import URL, Engine, create_engine

from shared import topology
from shared.database import Database
from shared.envelope import Envelope, wrap
from shared.events import Event
from shared.migrate import upgrade
from shared.provision import ProvisionSettings, provision_broker, provision_database
from shared.settings import Settings
from shared.testing.harness import Harness
from shared.testing.identity import IdentityStandIn
from shared.testing.waiting import wait_until
from shared.worker import Worker

S = TypeVar("S", bound=Settings)
PASSWORD = "only-for-the-tests"
INTERNAL_TOKEN = "internal-token-of-tests"
# No test may be stopped by a limit that it does not ask for.
NO_ACCOUNT_LIMIT = {"account_rate": 100_000, "account_burst": 100_000}
ENCRYPTION_KEY = "b25seS1mb3ItdGVzdHMtb25seS1mb3ItdGVzdHMtMzI="


class Academy:
    """Makes a place of its own on the servers of TEST_POSTGRES_* and, with `broker` (slow), TEST_BROKER_*."""

    def __init__(self, name: str, files: Path, broker: bool = True) -> None:
        self.name = f"academy_{name}"
        self.identity = IdentityStandIn()
        self.storage_url = f"file://{files}"
        self._migrated: set[str] = set()
        for service in topology.SERVICES:
            for secret in ("DATABASE_PASSWORD", "MIGRATION_PASSWORD", "BROKER_PASSWORD"):
                os.environ[f"{service.upper()}_{secret}"] = PASSWORD
        self._create_database()
        self.provision_database()
        if broker:
            provision_broker(self.provision_settings())

    def provision_database(self) -> None:
        """Runs the job. Roles belong to the whole server: parallel test processes must not change them at once."""
        with self._server_lock():
            provision_database(self.provision_settings())

    def settings(self, cls: type[S], **overrides: Any) -> S:
        """Settings of a service in this academy."""
        values: dict[str, Any] = {
            "database_host": os.environ["TEST_POSTGRES_HOST"],
            "database_port": int(os.environ["TEST_POSTGRES_PORT"]),
            "database_name": self.name,
            "database_password": SecretStr(PASSWORD),
            "database_pool_size": 10,
            "broker_host": os.environ["TEST_BROKER_HOST"],
            "broker_port": int(os.environ["TEST_BROKER_PORT"]),
            "broker_vhost": self.name,
            "broker_password": SecretStr(PASSWORD),
            "broker_management_url": os.environ["TEST_BROKER_MANAGEMENT_URL"],
            "identity_url": self.identity.url,
            "internal_token": SecretStr(INTERNAL_TOKEN),
            "encryption_keys": SecretStr(ENCRYPTION_KEY),
            "storage_url": self.storage_url,
            "public_url": "http://academy.test",
            "log_level": "warning",
            **NO_ACCOUNT_LIMIT,
            **overrides,
        }
        return cls(**values)

    def provision_settings(self) -> ProvisionSettings:
        """Administrator access to both servers."""
        return self.settings(
            ProvisionSettings,
            postgres_admin_user=os.environ["TEST_POSTGRES_ADMIN_USER"],
            postgres_admin_password=SecretStr(os.environ["TEST_POSTGRES_ADMIN_PASSWORD"]),
            broker_admin_user=os.environ["TEST_BROKER_ADMIN_USER"],
            broker_admin_password=SecretStr(os.environ["TEST_BROKER_ADMIN_PASSWORD"]),
        )

    def role_url(self, role: str) -> URL:
        """Where `role` (such as catalog_app or catalog_owner) reaches this academy's database."""
        return self.settings(Settings, database_user=role).database_url("")

    def owner(self, service: str) -> Engine:
        """An engine with the rights of the service's migrations; the caller disposes it."""
        return create_engine(self.role_url(f"{service}_owner"))

    def migrate(self, service: str) -> None:
        """Brings the service's schema to head, once."""
        if service not in self._migrated:
            upgrade(service, self.role_url(f"{service}_owner"))
            self._migrated.add(service)

    @contextmanager
    def service(
        self,
        name: str,
        settings: Settings,
        create_app: Callable[[Any], FastAPI],
        create_worker: Callable[[Any], Worker],
    ) -> Iterator[Harness]:
        """The service with its schema at head and its api answering; its worker runs only when a test starts it."""
        self.migrate(name)
        database = Database(settings.database_url(name), name, pool_size=10)
        app = create_app(settings)
        with Harness(app, create_worker(settings), database, self) as harness:
            yield harness
        database.close()

    def publish(self, event: Event) -> Envelope:
        """Publishes an event as its source service would, with the broker's confirm."""
        envelope = wrap(event)
        self.publish_bytes(event.publisher, envelope.type, envelope.model_dump_json(exclude_none=True).encode())
        return envelope

    def publish_bytes(self, source: str, routing_key: str, body: bytes) -> None:
        """Publishes any bytes to a service's exchange."""
        with pika.BlockingConnection(self.broker_parameters(source)) as connection:
            channel = connection.channel()
            channel.confirm_delivery()
            properties = pika.BasicProperties(user_id=source)
            channel.basic_publish(topology.exchange(source), routing_key, body, properties, mandatory=True)

    def bind(self, service: str, event: type[Event], bound: bool) -> None:
        """Binds or unbinds one event of a service's queue, with an administrator's rights."""
        with self.broker_administrator() as connection:
            channel = connection.channel()
            act = channel.queue_bind if bound else channel.queue_unbind
            act(topology.inbox_queue(service), topology.exchange(event.source), event.__name__)

    def give_up(self, service: str, envelope: Envelope) -> None:
        """Publishes an event and has the broker move it to the dead queue of `service`, whose worker must not run."""
        body = envelope.model_dump_json(exclude_none=True).encode()
        self.publish_bytes(envelope.source, envelope.type, body)
        with pika.BlockingConnection(self.broker_parameters(service)) as connection:
            channel = connection.channel()
            for delivery, _, found in channel.consume(topology.inbox_queue(service), inactivity_timeout=10):
                if found == body:
                    channel.basic_reject(delivery.delivery_tag, requeue=False)
                    return
        raise AssertionError("the event did not arrive")

    def broker_administrator(self) -> pika.BlockingConnection:
        user, password = os.environ["TEST_BROKER_ADMIN_USER"], os.environ["TEST_BROKER_ADMIN_PASSWORD"]
        return pika.BlockingConnection(self.broker_parameters(user, password))

    def broker_parameters(self, user: str, password: str = PASSWORD) -> pika.ConnectionParameters:
        """Where a broker user reaches this academy's vhost."""
        return pika.ConnectionParameters(
            os.environ["TEST_BROKER_HOST"],
            int(os.environ["TEST_BROKER_PORT"]),
            self.name,
            pika.PlainCredentials(user, password),
        )

    def close(self) -> None:
        """Stops the identity stand-in; database and vhost go away with their servers."""
        self.identity.close()

    def _admin(self, database: str) -> Any:
        connection = psycopg2.connect(
            host=os.environ["TEST_POSTGRES_HOST"],
            port=os.environ["TEST_POSTGRES_PORT"],
            user=os.environ["TEST_POSTGRES_ADMIN_USER"],
            password=os.environ["TEST_POSTGRES_ADMIN_PASSWORD"],
            dbname=database,
        )
        connection.autocommit = True
        return connection

    def _create_database(self) -> None:
        with self._server_lock() as connection, connection.cursor() as cursor:
            cursor.execute(f'DROP DATABASE IF EXISTS "{self.name}" WITH (FORCE)')
            cursor.execute(f'CREATE DATABASE "{self.name}"')

    @contextmanager
    def _server_lock(self) -> Iterator[Any]:
        connection = self._admin("postgres")
        try:
            with connection.cursor() as cursor:

                def locked() -> bool:
                    # Asked again and again: waiting inside the database would meet the services' read deadline.
                    cursor.execute("SELECT pg_try_advisory_lock(1)")
                    return bool(cursor.fetchone()[0])

                wait_until(locked, seconds=60, what="other test processes are done provisioning")
            yield connection
        finally:
            connection.close()
