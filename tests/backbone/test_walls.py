"""The walls between services below Python: one Postgres role and one RabbitMQ user each, with least privilege."""

import itertools

import pika
import pytest
from pika.exceptions import ChannelClosedByBroker
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from shared import topology
from shared.testing import Academy

PAIRS = list(itertools.permutations(topology.SERVICES, 2))
FORBIDDEN = [
    "CREATE TABLE mine (id int)",
    "ALTER TABLE outbox ADD COLUMN mine int",
    "DROP TABLE outbox",
    "TRUNCATE inbox",
    "COPY outbox TO PROGRAM 'cat'",
    "SELECT pg_read_file('/etc/passwd')",
    "CREATE SCHEMA mine",
    "SET ROLE billing_owner",
    "CREATE ROLE mine",
    "ALTER ROLE live_app SUPERUSER",
    "CREATE TABLE public.mine (id int)",
    "CREATE TEMPORARY TABLE mine (id int)",
]


@pytest.mark.parametrize(("reader", "owner"), PAIRS)
def test_a_services_role_cannot_read_another_schema(academy: Academy, reader: str, owner: str) -> None:
    academy.migrate("live")
    engine = create_engine(academy.role_url(f"{reader}_app"))
    with engine.connect() as connection, pytest.raises(DBAPIError, match="InsufficientPrivilege"):
        connection.execute(text(f"SELECT * FROM {owner}.outbox"))
    with engine.connect() as connection:
        assert not connection.scalar(text("SELECT has_schema_privilege(:s, 'USAGE')"), {"s": owner})
    engine.dispose()


@pytest.mark.parametrize("statement", FORBIDDEN)
def test_a_services_role_may_only_read_and_write_its_own_rows(academy: Academy, statement: str) -> None:
    academy.migrate("live")
    engine = create_engine(academy.role_url("live_app"))
    with engine.connect() as connection, pytest.raises(DBAPIError, match="InsufficientPrivilege"):
        connection.execute(text(statement))
    engine.dispose()


def test_a_services_broker_user_can_neither_forge_nor_steal_nor_change_the_topology(academy: Academy) -> None:
    def refused(act: str, *arguments: object, **options: object) -> None:
        with pika.BlockingConnection(academy.broker_parameters("notifications")) as connection:
            channel = connection.channel()
            channel.confirm_delivery()
            with pytest.raises(ChannelClosedByBroker, match=r"ACCESS_REFUSED"):
                getattr(channel, act)(*arguments, **options)

    refused("basic_publish", "academy.billing", "PaymentSucceeded", b"{}")
    refused("basic_publish", "", "catalog.inbox", b"{}")
    refused("basic_get", "catalog.inbox")
    refused("queue_purge", "catalog.inbox")
    refused("queue_declare", "mine", durable=True)
    refused("queue_delete", "notifications.inbox")
    refused("queue_bind", "notifications.inbox", "academy.billing", "Everything")
    refused("exchange_declare", "mine")
