"""Every route of identity x every kind of caller. A route that is missing in the table fails."""

from typing import Any

import pytest
from uuid_utils.compat import uuid7

from services.identity.tests.people import new_person
from shared.auth import declared_accesses
from shared.permissions import WITHHELD_FROM_IMPERSONATORS, permissions_of
from shared.testing import Harness
from shared.testing.harness import Caller

ANYONE, SERVICES = "anyone", "services"
USER, ADMIN = "/api/v1/admin/users/{user_id}", "/api/v1/admin"
EVENTS = "/api/v1/admin/events/identity"
APPLICATION = "/api/v1/admin/instructor-applications"
POLICY: dict[str, str] = {
    "GET /livez": ANYONE,
    "GET /readyz": ANYONE,
    "GET /metrics": ANYONE,
    "GET /.well-known/jwks.json": ANYONE,
    "GET /internal/revocations": SERVICES,
    "POST /api/v1/auth/register": ANYONE,
    "POST /api/v1/auth/login": ANYONE,
    "POST /api/v1/auth/refresh": ANYONE,
    "POST /api/v1/auth/password-strength": ANYONE,
    "POST /api/v1/auth/verify-email": ANYONE,
    "POST /api/v1/auth/password-reset": ANYONE,
    "POST /api/v1/auth/password-reset/confirm": ANYONE,
    "POST /api/v1/auth/login/code": ANYONE,
    "POST /api/v1/auth/login/passkey/options": ANYONE,
    "POST /api/v1/auth/login/passkey": ANYONE,
    "GET /api/v1/auth/factors": "account:secure",
    "POST /api/v1/auth/totp": "account:secure",
    "POST /api/v1/auth/totp/confirm": "account:secure",
    "DELETE /api/v1/auth/totp": "account:secure",
    "POST /api/v1/auth/recovery-codes": "account:secure",
    "POST /api/v1/auth/passkeys/options": "account:secure",
    "POST /api/v1/auth/passkeys": "account:secure",
    "GET /api/v1/auth/providers": ANYONE,
    "POST /api/v1/auth/login/provider/options": ANYONE,
    "POST /api/v1/auth/login/provider": ANYONE,
    "GET /api/v1/auth/identities": "account:secure",
    "POST /api/v1/auth/identities": "account:secure",
    "POST /api/v1/auth/identities/options": "account:secure",
    "POST /api/v1/auth/identities/confirm": "account:secure",
    "DELETE /api/v1/auth/identities/{identity_id}": "account:secure",
    "DELETE /api/v1/auth/passkeys/{passkey_id}": "account:secure",
    "POST /api/v1/auth/email-change": "account:secure",
    "POST /api/v1/auth/email-change/confirm": ANYONE,
    "POST /api/v1/auth/token": ANYONE,
    "POST /api/v1/auth/api-keys": "account:secure",
    "GET /api/v1/auth/api-keys": "account:secure",
    "DELETE /api/v1/auth/api-keys/{key_id}": "account:secure",
    f"GET {USER}/api-keys": "users:read",
    f"DELETE {USER}/api-keys/{{key_id}}": "users:admin",
    "POST /api/v1/auth/password": "account:secure",
    "GET /api/v1/auth/sessions": "account:secure",
    "DELETE /api/v1/auth/sessions": "account:secure",
    "DELETE /api/v1/auth/sessions/{session_id}": "account:secure",
    "POST /api/v1/auth/logout": "account:use",
    "GET /api/v1/users/me": "account:use",
    "PATCH /api/v1/users/me": "account:use",
    "GET /api/v1/users/{user_id}/profile": ANYONE,
    "PUT /api/v1/users/me/avatar": "account:use",
    "DELETE /api/v1/users/me/avatar": "account:use",
    "GET /api/v1/users/avatars/{avatar_id}/{size}": ANYONE,
    "POST /api/v1/users/me/instructor-applications": "account:use",
    "GET /api/v1/users/me/instructor-applications": "account:use",
    "GET /api/v1/admin/users": "users:read",
    "POST /api/v1/admin/users": "users:admin",
    f"GET {USER}": "users:read",
    f"PATCH {USER}": "users:admin",
    f"POST {USER}/suspend": "users:admin",
    f"POST {USER}/reactivate": "users:admin",
    f"POST {USER}/sign-out": "users:admin",
    f"POST {USER}/impersonate": "users:impersonate",
    f"GET {APPLICATION}": "instructors:approve",
    f"POST {APPLICATION}/{{application_id}}/approve": "instructors:approve",
    f"POST {APPLICATION}/{{application_id}}/reject": "instructors:approve",
    "POST /api/v1/users/me/exports": "account:secure",
    "GET /api/v1/users/me/exports/{export_id}": "account:secure",
    "POST /api/v1/users/me/exports/{export_id}/fetch": "account:secure",
    "POST /api/v1/users/me/erasure": "account:secure",
    f"POST {USER}/erase": "users:erase",
    f"GET {ADMIN}/erasures": "users:erase",
    f"GET {ADMIN}/erasures/{{erasure_id}}": "users:erase",
    f"POST {ADMIN}/erasures/{{erasure_id}}/retry": "users:erase",
    f"GET {ADMIN}/audit": "audit:read",
    f"GET {EVENTS}": "events:admin",
    f"POST {EVENTS}/replay": "events:admin",
}
ROLES = ("student", "instructor", "support", "admin")
# Bodies that pass the shape, so that what is answered comes from the route itself.
BODIES: dict[str, Any] = {
    f"POST {USER}/impersonate": {"reason": "ticket 7"},
    f"POST {APPLICATION}/{{application_id}}/reject": {"reason": "too early"},
    f"PATCH {USER}": {"roles": ["student"]},
}
REFUSED = {"urn:academy:problem:not-authenticated": 401, "urn:academy:problem:forbidden": 403}


def call(identity: Harness, route: str, token: str | None) -> int:
    """401 or 403 when the door refuses the caller, 200 for whatever the route itself answers."""
    method, path = route.split(" ")
    for name in (
        "user_id",
        "application_id",
        "session_id",
        "passkey_id",
        "identity_id",
        "key_id",
        "avatar_id",
        "export_id",
        "erasure_id",
    ):
        path = path.replace(f"{{{name}}}", str(uuid7()))
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    answer = identity.client.request(method, path, headers=headers, json=BODIES.get(route))
    assert answer.status_code < 500, answer.text
    is_problem = answer.headers["content-type"] == "application/problem+json" if answer.content else False
    return REFUSED.get(answer.json()["type"], 200) if is_problem else 200


@pytest.fixture(scope="module")
def tokens(identity: Harness) -> dict[str, str]:
    """An access token of somebody with each role; `impersonator` acts as an instructor who is support as well."""
    tokens = {role: new_person(identity, role).access_token for role in ROLES}
    signer = identity.app.state.signer
    acting = signer.sign(uuid7(), uuid7(), ["instructor", "support"], impersonator_id=uuid7())
    return {**tokens, "impersonator": acting}


def test_every_route_is_in_the_table_with_its_permission(identity: Harness) -> None:
    declared = {
        f"{method} {path}": access.description
        for methods, path, access in declared_accesses(identity.app)
        for method in methods.split(",")
        if access
    }
    words = {ANYONE: "public", SERVICES: "internal"}
    assert declared == {route: words.get(needed, needed) for route, needed in POLICY.items()}


@pytest.mark.parametrize("route", POLICY)
def test_nobody_gets_in_without_a_token_where_one_is_needed(identity: Harness, route: str) -> None:
    assert call(identity, route, None) == (200 if POLICY[route] == ANYONE else 401)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("route", [route for route, needed in POLICY.items() if ":" in needed])
def test_a_role_gets_in_where_it_has_the_permission(
    identity: Harness, tokens: dict[str, str], route: str, role: str
) -> None:
    token = tokens[role]
    if route.endswith(("/logout", "/sessions", "/erasure")):
        # What ends a session must not end the one that the other tests use.
        token = new_person(identity, role).access_token
    may = POLICY[route] in permissions_of(frozenset({role}))
    assert call(identity, route, token) == (200 if may else 403)


@pytest.mark.parametrize("route", [route for route, needed in POLICY.items() if ":" in needed])
def test_who_acts_for_another_gets_in_where_nothing_is_withheld(
    identity: Harness, tokens: dict[str, str], route: str
) -> None:
    allowed = permissions_of(frozenset({"instructor", "support"})) - WITHHELD_FROM_IMPERSONATORS
    assert call(identity, route, tokens["impersonator"]) == (200 if POLICY[route] in allowed else 403)


def test_no_role_opens_what_is_for_the_services(identity: Harness, tokens: dict[str, str]) -> None:
    for token in tokens.values():
        assert call(identity, "GET /internal/revocations", token) == 401


def test_support_cannot_touch_an_administrator(identity: Harness, tokens: dict[str, str]) -> None:
    admin = new_person(identity, "admin")
    support = Caller(identity.client, uuid7(), tokens["support"])
    one = f"/api/v1/admin/users/{admin.id}"
    answers = [support.patch(one, json={"roles": ["student"]}, headers={"If-Match": "*"})]
    answers += [support.post(f"{one}/{act}", json={}) for act in ("suspend", "reactivate", "sign-out", "impersonate")]
    assert {answer.status_code for answer in answers} == {403}
    assert support.get(one).status_code == 200
    assert admin.me().json()["roles"] == ["admin"]
