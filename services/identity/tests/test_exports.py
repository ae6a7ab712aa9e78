"""What a person asks for twice, and what arrives meanwhile. The whole way of an export: tests/e2e/test_privacy.py."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

from sqlalchemy import func, text, update

from services.identity.audit import Origin
from services.identity.privacy import exports
from services.identity.privacy.exports import EXPORTS as LIMIT
from services.identity.privacy.models import PersonExport
from services.identity.tests.people import Person
from services.identity.users import lock_user
from shared.events import PersonDataExported, PersonExportReady, PersonExportRequested
from shared.testing import Harness, wait_until
from shared.testing.limits import assert_refused, end_period

EXPORTS = "/api/v1/users/me/exports"


def answers(identity: Harness, person: Person, export_id: UUID, service: str) -> None:
    facts: dict[str, Any] = {"user_id": person.id, "export_id": export_id, "service": service}
    identity.deliver(PersonDataExported(**facts, part=1, parts=1, content="{}"))


def finish(identity: Harness, person: Person) -> str:
    """Asks for an export that every service then answers: its id."""
    id = str(person.browser.post(EXPORTS).json()["id"])
    for service in PersonDataExported.sources:
        answers(identity, person, UUID(id), service)
    return id


def fetch(identity: Harness, person: Person, id: str) -> Any:
    token = identity.published(PersonExportReady, person.id)[-1].token
    return person.browser.post(f"{EXPORTS}/{id}/fetch", json={"token": token})


def parts(identity: Harness, person: Person) -> int:
    kept = "SELECT count(*) FROM export_parts p JOIN person_exports e ON e.id = p.export_id WHERE e.user_id = :id"
    return int(identity.database.ask(text(kept), id=person.id))


def expire(identity: Harness, id: str) -> None:
    with identity.database.begin() as session:
        session.execute(update(PersonExport).where(PersonExport.id == UUID(id)).values(expires_at=func.now()))


def test_who_has_an_export_to_fetch_gets_that_one(identity: Harness, person: Person) -> None:
    id = finish(identity, person)
    for _ in range(3):
        again = person.browser.post(EXPORTS)
        assert (again.status_code, again.json()["id"], again.json()["status"]) == (202, id, "ready")
    assert len(identity.published(PersonExportRequested, person.id)) == 1
    assert len(identity.published(PersonExportReady, person.id)) == 1, "one mail"
    assert fetch(identity, person, id).status_code == 200


def test_a_second_export_of_a_day_is_refused(identity: Harness, person: Person) -> None:
    assert fetch(identity, person, finish(identity, person)).status_code == 200
    assert_refused(person.browser.post(EXPORTS), LIMIT)
    assert len(identity.published(PersonExportRequested, person.id)) == 1
    end_period(identity, LIMIT, person.id)
    assert person.browser.post(EXPORTS).json()["status"] == "gathering"


def test_of_two_first_requests_at_once_there_is_one_export(identity: Harness, person: Person) -> None:
    with ThreadPoolExecutor(4) as pool:
        asked = list(pool.map(lambda _: person.browser.post(EXPORTS), range(4)))
    assert {answer.status_code for answer in asked} == {202}
    assert len({answer.json()["id"] for answer in asked}) == 1
    assert len(identity.published(PersonExportRequested, person.id)) == 1


def test_the_parts_of_an_older_export_are_dropped_when_another_is_begun(identity: Harness, person: Person) -> None:
    expire(identity, finish(identity, person))
    before = parts(identity, person)
    end_period(identity, LIMIT, person.id)
    person.browser.post(EXPORTS)
    assert (before, parts(identity, person)) == (len(PersonDataExported.sources) + 1, 1)


def test_an_export_does_not_tell_of_the_exports_before(identity: Harness, person: Person) -> None:
    for _ in range(2):
        id = finish(identity, person)
        fetched = fetch(identity, person, id)
        end_period(identity, LIMIT, person.id)
    own = fetched.json()["identity"]
    assert own["audit"]
    assert "user.export_requested" not in {entry["action"] for entry in own["audit"]}
    assert id not in fetched.text


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


def test_an_export_is_not_fetched_after_its_day(identity: Harness, person: Person) -> None:
    id = finish(identity, person)
    expire(identity, id)
    refused = fetch(identity, person, id)
    assert (refused.status_code, refused.json()["type"]) == (410, "urn:academy:problem:export-gone")
