"""A5 for programs: the tokens of an API key end on every service when the key or its owner's powers do."""

from collections.abc import Callable

import pytest

from services.identity.tests.people import Person, new_person
from services.identity.tests.test_a10_mailed_links import reset, reset_token
from shared import topology
from shared.testing import wait_until
from shared.testing.harness import Caller
from tests.e2e.six import Six, at
from tests.e2e.test_a5_powers_end import SIGNED_IN, change_roles, suspend

KEYS = "/api/v1/auth/api-keys"
SCOPES = ["account:use", "courses:learn", "payments:make", "live:join"]


def revoke(six: Six, _admin: Person, person: Person) -> int:
    owner = at(six, "identity", person)
    [key] = owner.get(KEYS).json()["items"]
    return 200 if owner.delete(f"{KEYS}/{key['id']}").status_code == 204 else 0


def sign_out_everywhere(six: Six, _admin: Person, person: Person) -> int:
    return int(at(six, "identity", person).delete("/api/v1/auth/sessions").status_code)


def reset_by_mail(six: Six, _admin: Person, person: Person) -> int:
    return int(reset(six["identity"], reset_token(person)).status_code)


@pytest.mark.parametrize("act", [revoke, suspend, change_roles, sign_out_everywhere, reset_by_mail])
def test_a_programs_powers_end_on_every_service_within_two_seconds(
    six: Six, act: Callable[[Six, Person, Person], int]
) -> None:
    admin, person = new_person(six["identity"], "admin"), new_person(six["identity"])
    made = at(six, "identity", person).post(KEYS, json={"name": "Import", "scopes": SCOPES}).json()
    form = {"grant_type": "client_credentials", "client_secret": made["key"]}
    token = six["identity"].client.post("/api/v1/auth/token", data=form).json()["access_token"]

    def answers() -> dict[str, int]:
        callers = {name: Caller(six[name].client, person.id, token) for name in SIGNED_IN}
        return {name: callers[name].get(path).status_code for name, path in SIGNED_IN.items()}

    assert answers() == dict.fromkeys(topology.SERVICES, 200)
    assert act(six, admin, person) == 200
    wait_until(lambda: answers() == dict.fromkeys(topology.SERVICES, 401), seconds=2, what="401 on all six services")
