"""A worker does not start on a broker that is not as shared/topology.py declares it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from shared import topology
from shared.broker_check import BrokerCheck
from shared.provision import provision_broker
from shared.settings import Settings
from shared.testing import Academy
from shared.testing.waiting import wait_until

Process = subprocess.Popen[str]


@contextmanager
def administration(academy: Academy) -> Iterator[httpx.Client]:
    """RabbitMQ as its administrator."""
    settings = academy.provision_settings()
    auth = (settings.broker_admin_user, settings.broker_admin_password.get_secret_value())
    with httpx.Client(base_url=f"{settings.broker_management_url}/api", auth=auth) as client:
        yield client


@pytest.fixture
def administrator(academy: Academy) -> Iterator[httpx.Client]:
    """What a test spoils is declared again afterwards."""
    with administration(academy) as client:
        yield client
    provision_broker(academy.provision_settings())


@pytest.fixture(scope="module", autouse=True)
def worker_elsewhere(testrun_uid: str, worker_id: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """On a broker of its own that lacks a queue. Begun before all tests: it gives the broker twenty seconds."""
    academy = Academy(f"{testrun_uid[:8]}_{worker_id}_lacking", tmp_path_factory.mktemp("files"))
    academy.migrate("live")
    with administration(academy) as client:
        _spoil(client, "DELETE", f"/queues/{academy.name}/live.dead")
    environment = {**os.environ, **_variables(academy.settings(Settings))}
    command = [sys.executable, "-m", "services.live.worker"]
    with Process(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        yield process
        process.kill()
    academy.close()


def _spoil(administrator: httpx.Client, method: str, path: str, body: object = None) -> None:
    administrator.request(method, path, json=body).raise_for_status()


def _check(academy: Academy, service: str = "catalog", **settings: Any) -> BrokerCheck:
    return BrokerCheck(academy.settings(Settings, **settings), service, patience_seconds=0)


def _deviations(academy: Academy) -> str:
    """What a worker of catalog would say, once RabbitMQ tells the policies of queues just declared."""
    wait_until(lambda: "by policy" not in "".join(_check(academy).deviations()), 30)
    return "; ".join(_check(academy).deviations())


@pytest.mark.parametrize("service", topology.SERVICES)
def test_a_broker_as_provisioned_passes(academy: Academy, service: str) -> None:
    wait_until(lambda: not _check(academy, service).deviations())
    assert not _check(academy, service).has_failed()


def test_a_missing_queue_is_named(academy: Academy, administrator: httpx.Client) -> None:
    _spoil(administrator, "DELETE", f"/queues/{academy.name}/catalog.dead")
    assert "queue catalog.dead is missing" in _deviations(academy)


def test_a_queue_of_another_type_is_named(academy: Academy, administrator: httpx.Client) -> None:
    queue = f"/queues/{academy.name}/catalog.dead"
    _spoil(administrator, "DELETE", queue)
    _spoil(administrator, "PUT", queue, {"durable": True, "arguments": {"x-queue-type": "classic"}})
    assert "queue catalog.dead is of type classic, not quorum" in _deviations(academy)
    _spoil(administrator, "DELETE", queue)


def test_a_queue_without_its_policy_is_named_with_what_it_lacks(academy: Academy, administrator: httpx.Client) -> None:
    _spoil(administrator, "DELETE", f"/policies/{academy.name}/catalog-inbox")

    wait_until(lambda: "by policy" in "".join(_check(academy).deviations()), 30)
    told = "; ".join(_check(academy).deviations())
    assert "queue catalog.inbox has delivery-limit=None by policy, not 100" in told
    assert "queue catalog.inbox has dead-letter-exchange=None by policy, not 'academy.dead'" in told


def test_a_binding_that_somebody_removed_is_named(academy: Academy, administrator: httpx.Client) -> None:
    binding = f"/bindings/{academy.name}/e/academy.billing/q/catalog.inbox/PaymentSucceeded"
    _spoil(administrator, "DELETE", binding)
    assert "queue catalog.inbox is not bound to academy.billing for PaymentSucceeded" in _deviations(academy)


def test_a_missing_exchange_is_named(academy: Academy, administrator: httpx.Client) -> None:
    _spoil(administrator, "DELETE", f"/exchanges/{academy.name}/academy.catalog")
    assert "exchange academy.catalog is missing" in _deviations(academy)


def test_a_binding_that_a_newer_release_declared_is_no_deviation(academy: Academy, administrator: httpx.Client) -> None:
    path = f"/bindings/{academy.name}/e/academy.billing/q/catalog.inbox"
    _spoil(administrator, "POST", path, {"routing_key": "FromTheFuture"})
    assert _deviations(academy) == ""
    _spoil(administrator, "DELETE", f"{path}/FromTheFuture")


def test_a_wrong_password_is_told_as_such(academy: Academy) -> None:
    (told,) = _check(academy, broker_password=SecretStr("another")).deviations()
    assert "user catalog may not look" in told


def test_a_broker_that_does_not_answer_is_no_reason_not_to_start(academy: Academy) -> None:
    assert not _check(academy, broker_management_url="http://127.0.0.1:1").has_failed()


def test_a_worker_ends_with_a_clear_message_when_the_broker_stays_different(worker_elsewhere: Process) -> None:
    said, _ = worker_elsewhere.communicate(timeout=60)
    assert worker_elsewhere.returncode == 1
    assert "queue live.dead is missing" in said
    assert "python -m shared.provision broker" in said


def _variables(settings: Settings) -> dict[str, str]:
    secret = {name: value.get_secret_value() for name, value in settings if isinstance(value, SecretStr)}
    plain = {name: str(value) for name, value in settings if isinstance(value, (str, int, float)) and value != ""}
    return {name.upper(): value for name, value in {**plain, **secret}.items()}
