"""An event erases an account only when its erasure was requested here. The whole way: tests/e2e/test_privacy.py."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from uuid_utils.compat import uuid7

from services.identity.tests.people import Person, new_person
from shared import outbox
from shared.events import PersonDataExported, PersonErased, PersonErasureRequested, UserSuspended
from shared.inbox import Unprocessable, Waiting
from shared.testing import Harness


def request_erasure(person: Person) -> UUID:
    return UUID(person.browser.post("/api/v1/users/me/erasure").json()["id"])


def set_roles(identity: Harness, person: Person, roles: str) -> None:
    with identity.database.begin() as session:
        session.execute(text("UPDATE users SET roles = :roles WHERE id = :id"), {"roles": roles, "id": person.id})


def test_an_erasure_that_was_never_requested_erases_nothing(identity: Harness, person: Person) -> None:
    with pytest.raises(Unprocessable, match="never requested"):
        identity.deliver(PersonErasureRequested(user_id=person.id, version=99, erasure_id=uuid7()))
    assert person.me().status_code == 200


def test_another_users_erasure_does_not_erase_an_administrator(
    identity: Harness, person: Person, admin: Person
) -> None:
    erasure_id = request_erasure(person)
    with pytest.raises(Unprocessable, match="never requested"):
        identity.deliver(PersonErasureRequested(user_id=admin.id, version=99, erasure_id=erasure_id))
    assert admin.me().json()["roles"] == ["admin"]


def test_an_administrator_is_not_erased_even_with_an_erasure_row(identity: Harness, person: Person) -> None:
    erasure_id = request_erasure(person)
    set_roles(identity, person, "{admin}")
    with pytest.raises(Unprocessable, match="administrator"):
        identity.deliver(PersonErasureRequested(user_id=person.id, version=99, erasure_id=erasure_id))
    assert identity.database.ask(text("SELECT email FROM users WHERE id = :id"), id=person.id) == person.email
    set_roles(identity, person, "{student}")


def test_a_receipt_for_another_users_erasure_is_not_kept(identity: Harness, person: Person) -> None:
    erasure_id, other = request_erasure(person), new_person(identity)
    with pytest.raises(Unprocessable, match="never requested"):
        identity.deliver(PersonErased(user_id=other.id, service="live", erasure_id=erasure_id, counts={}))
    receipts = text("SELECT count(*) FROM erasure_receipts WHERE erasure_id = :id")
    assert identity.database.ask(receipts, id=erasure_id) == 0


def test_a_part_for_another_users_export_is_not_kept(identity: Harness, person: Person) -> None:
    export_id, other = UUID(person.browser.post("/api/v1/users/me/exports").json()["id"]), new_person(identity)
    facts: dict[str, Any] = {"user_id": other.id, "export_id": export_id, "service": "live"}
    identity.deliver(PersonDataExported(**facts, part=1, parts=1, content="{}"))
    parts = text("SELECT count(*) FROM export_parts WHERE export_id = :id AND service = 'live'")
    assert identity.database.ask(parts, id=export_id) == 0


def test_an_account_is_not_erased_while_an_event_about_it_is_unpublished(identity: Harness, person: Person) -> None:
    erasure_id = request_erasure(person)
    publish = text("UPDATE outbox SET published_at = now() WHERE subject = :id")
    with identity.database.begin() as session:
        session.execute(publish, {"id": str(person.id)})
        outbox.add(session, UserSuspended(user_id=person.id, version=98))
    asked = PersonErasureRequested(user_id=person.id, version=99, erasure_id=erasure_id)
    with pytest.raises(Waiting):
        identity.deliver(asked)
    with identity.database.begin() as session:
        session.execute(publish, {"id": str(person.id)})
    identity.deliver(asked)
    assert identity.database.ask(text("SELECT name FROM users WHERE id = :id"), id=person.id) == "Erased person"
