"""A database that freezes must not freeze us: calls end in time, as an outage, and the next connection works."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest
from sqlalchemy.exc import OperationalError

from shared import deadlines
from shared.database import is_outage

ROOT = Path(__file__).resolve().parents[2]
QUERY = """
import os, sys, psycopg2
from shared import deadlines
deadlines.READ_SECONDS = 1.0
deadlines.install()
connection = psycopg2.connect(host=os.environ["TEST_POSTGRES_HOST"], port=os.environ["TEST_POSTGRES_PORT"],
    user=os.environ["TEST_POSTGRES_ADMIN_USER"], password=os.environ["TEST_POSTGRES_ADMIN_PASSWORD"], dbname="postgres")
cursor = connection.cursor()
cursor.execute("SELECT 1")
assert cursor.fetchone() == (1,)
try:
    cursor.execute("SELECT pg_sleep(30)")
except psycopg2.OperationalError as error:
    sys.exit(0 if connection.closed and "no answer" in str(error) else 3)
sys.exit(4)
"""


@pytest.fixture
def silent_server() -> Iterator[int]:
    """Accepts connections and says nothing, as a stopped Postgres does."""
    listener = socket.create_server(("127.0.0.1", 0))
    accepted: list[socket.socket] = []
    threading.Thread(target=lambda: accepted.append(listener.accept()[0]), daemon=True).start()
    yield listener.getsockname()[1]
    for connection in accepted:
        connection.close()
    listener.close()


def test_a_statement_without_an_answer_ends_and_closes_its_connection(academy: object) -> None:
    started = time.monotonic()
    # In a process of its own: the callback concerns every connection of a process.
    process = subprocess.run([sys.executable, "-c", QUERY], cwd=ROOT, env=dict(os.environ), timeout=20, check=False)
    assert process.returncode == 0
    assert time.monotonic() - started < 10


def test_a_connect_without_an_answer_ends_as_an_outage(silent_server: int) -> None:
    connecting = psycopg2.connect(host="127.0.0.1", port=silent_server, user="x", dbname="x", async_=True)
    started = time.monotonic()
    with pytest.raises(psycopg2.OperationalError, match="no answer"):
        deadlines.wait(connecting)
    assert time.monotonic() - started < deadlines.CONNECT_SECONDS + 2
    connecting.close()


def test_an_answer_that_does_not_come_counts_as_an_outage_not_as_a_refusal() -> None:
    error = OperationalError("SELECT 1", {}, psycopg2.OperationalError("no answer from the database within 5 s"))
    assert is_outage(error)
