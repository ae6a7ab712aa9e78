"""A5: with a role change, a suspension, a password change or a forced sign-out the old powers end on every service."""

import time
from collections.abc import Callable

import pytest

from services.identity.tests.people import PASSWORD, Person, new_person
from shared import topology
from shared.testing import wait_until
from tests.e2e.six import Six, at

# One route of each service that any signed-in person may read.
SIGNED_IN = {
    "identity": "/api/v1/users/me",
    "catalog": "/api/v1/enrollments",
    "billing": "/api/v1/payments/orders",
    "certificates": "/api/v1/certificates",
    "notifications": "/api/v1/notifications",
    "live": "/api/v1/live-sessions",
}
Act = Callable[[Six, Person, Person], int]
USERS = "/api/v1/admin/users"


def change_roles(six: Six, admin: Person, person: Person) -> int:
    roles, anything = {"roles": ["instructor"]}, {"If-Match": "*"}
    return int(at(six, "identity", admin).patch(f"{USERS}/{person.id}", json=roles, headers=anything).status_code)


def suspend(six: Six, admin: Person, person: Person) -> int:
    return int(at(six, "identity", admin).post(f"{USERS}/{person.id}/suspend").status_code)


def sign_out(six: Six, admin: Person, person: Person) -> int:
    return int(at(six, "identity", admin).post(f"{USERS}/{person.id}/sign-out").status_code)


def change_password(six: Six, _admin: Person, person: Person) -> int:
    passwords = {"current_password": PASSWORD, "password": "marble kettle daylight 58"}
    return int(at(six, "identity", person).post("/api/v1/auth/password", json=passwords).status_code)


@pytest.mark.parametrize("act", [change_roles, suspend, sign_out, change_password])
def test_old_powers_end_on_every_service_within_two_seconds(
    six: Six, act: Callable[[Six, Person, Person], int]
) -> None:
    admin, person = new_person(six["identity"], "admin"), new_person(six["identity"])

    def answers() -> dict[str, int]:
        return {name: at(six, name, person).get(path).status_code for name, path in SIGNED_IN.items()}

    assert answers() == dict.fromkeys(topology.SERVICES, 200)
    old = Person(person.harness, person.id, person.email, person.password, person.access_token)
    assert act(six, admin, old) == 200
    ended = time.monotonic()
    wait_until(lambda: answers() == dict.fromkeys(topology.SERVICES, 401), seconds=2, what="401 on all six services")
    assert time.monotonic() - ended <= 2
