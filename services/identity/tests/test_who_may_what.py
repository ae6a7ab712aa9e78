"""Every route of identity for who acts in another person's name, and what support may not touch.

Who may do what else is in tests/authorization/policy.toml.
"""

import re
from typing import Any

from uuid_utils.compat import uuid7

from services.identity.tests.people import new_person
from shared.auth import Require, declared_accesses
from shared.permissions import WITHHELD_FROM_IMPERSONATORS, permissions_of
from shared.testing import Harness
from shared.testing.harness import Caller

USERS = "/api/v1/admin/users"
# Bodies that pass the shape, so that what is answered comes from the route itself.
BODIES: dict[str, Any] = {
    f"POST {USERS}/{{user_id}}/impersonate": {"reason": "ticket 7"},
    f"POST {USERS}/{{user_id}}/move": {"email": "ann@example.com", "reason": "ticket 7"},
    "POST /api/v1/admin/instructor-applications/{application_id}/reject": {"reason": "too early"},
    f"PATCH {USERS}/{{user_id}}": {"roles": ["student"]},
}
REFUSED = {"urn:academy:problem:not-authenticated": 401, "urn:academy:problem:forbidden": 403}


def call(identity: Harness, route: str, token: str) -> int:
    """401 or 403 when the door refuses the caller, 200 for whatever the route itself answers."""
    method, path = re.sub(r"\{\w+\}", lambda _: str(uuid7()), route).split(" ")
    headers = {"Authorization": f"Bearer {token}"}
    answer = identity.client.request(method, path, headers=headers, json=BODIES.get(route))
    assert answer.status_code < 500, answer.text
    is_problem = answer.headers["content-type"] == "application/problem+json" if answer.content else False
    return REFUSED.get(answer.json()["type"], 200) if is_problem else 200


def test_who_acts_for_another_gets_in_where_nothing_is_withheld(identity: Harness) -> None:
    """An administrator in the name of an instructor who is support as well."""
    signer, roles = identity.app.state.signer, frozenset({"instructor", "support"})
    acting = signer.sign(uuid7(), uuid7(), roles, impersonator_id=uuid7())
    allowed = permissions_of(roles) - WITHHELD_FROM_IMPERSONATORS
    needed = {
        f"{method} {path}": access.permission
        for methods, path, access in declared_accesses(identity.app)
        for method in methods.split(",")
        if isinstance(access, Require)
    }
    # Last what ends the session that the others are asked with.
    routes = sorted(needed, key=lambda route: route.endswith("/logout"))
    answers = {route: call(identity, route, acting) for route in routes}
    assert answers == {route: 200 if needed[route] in allowed else 403 for route in routes}
    assert len(routes) > 40


def test_support_cannot_touch_an_administrator(identity: Harness) -> None:
    admin = new_person(identity, "admin")
    support = Caller(identity.client, uuid7(), new_person(identity, "support").access_token)
    one = f"{USERS}/{admin.id}"
    answers = [support.patch(one, json={"roles": ["student"]}, headers={"If-Match": "*"})]
    answers += [
        support.post(f"{one}/{act}", json={}) for act in ("suspend", "reactivate", "sign-out", "impersonate", "move")
    ]
    assert {answer.status_code for answer in answers} == {403}
    assert support.get(one).status_code == 200
    assert admin.me().json()["roles"] == ["admin"]
