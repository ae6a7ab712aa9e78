import os
import subprocess
import sys

import pytest
from uuid_utils.compat import uuid7

from services.identity import first_admin
from services.identity.tests.people import PASSWORD, Person, dismiss_all_admins, new_email, register, verify
from shared.testing import Harness


def environment(identity: Harness) -> dict[str, str]:
    settings = identity.app.state.settings
    return {
        "PATH": os.environ["PATH"],
        "DATABASE_HOST": settings.database_host,
        "DATABASE_PORT": str(settings.database_port),
        "DATABASE_NAME": settings.database_name,
        "DATABASE_PASSWORD": settings.database_password.get_secret_value(),
    }


def run_first_admin(identity: Harness, **variables: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "services.identity.first_admin"]
    told = {**environment(identity), **variables}
    return subprocess.run(command, env=told, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture(autouse=True)
def no_admins(identity: Harness) -> None:
    dismiss_all_admins(identity)


def test_the_first_admin_is_made_once_and_can_sign_in(identity: Harness) -> None:
    email = new_email()
    made = run_first_admin(identity, ADMIN_EMAIL=email, ADMIN_PASSWORD=PASSWORD, ENVIRONMENT="production")
    assert made.returncode == 0, made.stderr
    assert "first administrator made" in made.stdout
    assert PASSWORD not in made.stdout + made.stderr
    signed_in = identity.client.post("/api/v1/auth/login", json={"email": email, "password": PASSWORD})
    admin = Person(identity, uuid7(), email, access_token=signed_in.json()["access_token"])
    assert admin.browser.get("/api/v1/admin/users").status_code == 200

    again = run_first_admin(identity, ADMIN_EMAIL=email, ADMIN_PASSWORD="another long password 9")
    assert again.returncode == 0, again.stderr
    assert "nothing changed" in again.stdout
    assert admin.try_sign_in(password="another long password 9").status_code == 401
    other = run_first_admin(identity, ADMIN_EMAIL=new_email(), ADMIN_PASSWORD=PASSWORD)
    assert "nothing changed" in other.stdout, "an administrator who moved on is not brought back by a deployment"


def test_registering_with_the_admins_address_is_no_way_to_become_one(identity: Harness) -> None:
    email = new_email()
    register(identity, email=email)
    verify(identity, email)
    refused = run_first_admin(identity, ADMIN_EMAIL=email, ADMIN_PASSWORD=PASSWORD)
    assert refused.returncode == 1
    assert "belongs to an account" in refused.stderr


@pytest.mark.parametrize(
    ("variables", "code", "reason"),
    [
        ({}, 2, "set ADMIN_EMAIL and ADMIN_PASSWORD"),
        ({"ADMIN_EMAIL": "admin@academy.example"}, 2, "set ADMIN_EMAIL and ADMIN_PASSWORD"),
        ({"ADMIN_EMAIL": "nobody", "ADMIN_PASSWORD": PASSWORD}, 1, "is not an e-mail address"),
        ({"ADMIN_EMAIL": "admin@academy.example", "ADMIN_PASSWORD": "password1"}, 1, "Choose another password"),
        ({"ADMIN_EMAIL": "a@b.example", "ADMIN_PASSWORD": PASSWORD, "DATABASE_PORT": "1"}, 1, "does not answer"),
    ],
)
def test_what_is_missing_or_wrong_is_said(
    identity: Harness,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    variables: dict[str, str],
    code: int,
    reason: str,
) -> None:
    for name, value in {**environment(identity), "LOG_LEVEL": "warning", **variables}.items():
        monkeypatch.setenv(name, value)
    assert first_admin.main() == code
    assert reason in capfd.readouterr().err
