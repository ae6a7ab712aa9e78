"""Roles and permissions as data, and what a token's `act` and `scope` take away."""

from collections.abc import Iterator
from typing import Annotated, get_args

import pytest
from fastapi import APIRouter, FastAPI
from uuid_utils.compat import uuid7

from shared.app import create_app
from shared.auth import Actor, require
from shared.inbox import Handlers
from shared.permissions import PERMISSIONS, SENSITIVE, WITHHELD_FROM_KEYS, Permission, Role, permissions_in_force
from shared.settings import Settings
from shared.testing import Academy, Harness
from shared.testing.harness import Caller
from shared.worker import Worker

router = APIRouter()
CHANGING = {"users:admin", "payments:refund", "payments:admin", "certificates:admin", "notifications:admin"}


def add_route(permission: Permission) -> None:
    def read(actor: Annotated[Actor, require(permission)]) -> str | None:
        return str(actor.impersonator_id) if actor.impersonator_id else None

    router.get(f"/{permission}", name=permission)(read)


for permission in get_args(Permission):
    add_route(permission)


@pytest.fixture(scope="module")
def service(academy: Academy) -> Iterator[Harness]:
    def app(settings: Settings) -> FastAPI:
        return create_app("live", "Permissions", settings, [router])

    with academy.service("live", academy.settings(Settings), app, lambda s: Worker("live", s, Handlers())) as harness:
        yield harness


def allowed(caller: Caller) -> set[str]:
    answers = {permission: caller.get(f"/{permission}").status_code for permission in get_args(Permission)}
    assert set(answers.values()) <= {200, 403}
    return {permission for permission, status in answers.items() if status == 200}


@pytest.mark.parametrize("role", get_args(Role))
def test_a_role_opens_its_permissions_and_no_other(service: Harness, role: str) -> None:
    assert allowed(service.caller(role)) == PERMISSIONS[role]


def test_every_permission_belongs_to_some_role() -> None:
    assert frozenset().union(*PERMISSIONS.values()) == set(get_args(Permission))


def test_support_changes_nothing_of_other_people() -> None:
    assert not CHANGING & PERMISSIONS["support"]
    assert {"users:read", "payments:read", "certificates:read", "notifications:read"} <= PERMISSIONS["support"]


def test_who_acts_for_another_person_spends_no_money_and_cannot_take_the_account(service: Harness) -> None:
    admin, victim = uuid7(), uuid7()
    token = service.academy.identity.token(victim, ("instructor", "support"), act={"sub": str(admin)})
    caller = Caller(service.client, victim, token)
    assert allowed(caller) == {
        "account:use",
        "courses:learn",
        "courses:write",
        "courses:publish",
        "live:join",
        "live:schedule",
    }
    assert caller.get("/account:use").json() == str(admin), "the routes know who it is"


def test_scopes_only_ever_take_away(service: Harness) -> None:
    somebody = uuid7()
    token = service.academy.identity.token(somebody, ("support",), scope="payments:read users:admin nonsense")
    assert allowed(Caller(service.client, somebody, token)) == {"payments:read"}
    everything = service.academy.identity.token(somebody, ("admin",), scope=" ".join(get_args(Permission)))
    assert allowed(Caller(service.client, somebody, everything)) == PERMISSIONS["admin"] - WITHHELD_FROM_KEYS
    nothing = service.academy.identity.token(somebody, ("admin",), scope="")
    assert allowed(Caller(service.client, somebody, nothing)) == set()


def test_an_unknown_role_opens_nothing() -> None:
    assert permissions_in_force(frozenset({"king"}), False, None) == frozenset()
    assert frozenset({"users:admin", "payments:refund", "audit:read"}) <= SENSITIVE
