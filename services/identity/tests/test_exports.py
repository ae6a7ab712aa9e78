"""What a person asks for twice, and what arrives meanwhile. The whole way of an export: tests/e2e/test_privacy.py."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

from sqlalchemy import text

from services.identity.audit import Origin
from services.identity.privacy import exports
from services.identity.tests.people import Person
from services.identity.users import lock_user
from shared.events import PersonDataExported
from shared.testing import Harness, wait_until

EXPORTS = "/api/v1/users/me/exports"


def answers(identity: Harness, person: Person, export_id: UUID, service: str) -> None:
    facts: dict[str, Any] = {"user_id": person.id, "export_id": export_id, "service": service}
    identity.deliver(PersonDataExported(**facts, part=1, parts=1, content="{}"))


def test_asking_again_while_the_last_service_answers_is_no_deadlock(identity: Harness, person: Person) -> None:
    id = UUID(person.browser.post(EXPORTS).json()["id"])
    *others, last = PersonDataExported.sources
    for service in others:
        answers(identity, person, id, service)
    waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    with ThreadPoolExecutor(1) as pool:
        with identity.database.begin() as session:
            lock_user(session, person.id)
            answering = pool.submit(answers, identity, person, id, last)
            wait_until(lambda: identity.database.ask(waiting), what="the answer waits for the account")
            asked = exports.request_export(session, Origin("", "", "", person.id))
        answering.result(10)
    assert asked["id"] == id
    assert person.browser.get(f"{EXPORTS}/{id}").json()["status"] == "ready"
