"""Z7: a person leaves with everything that is theirs, and nothing of them stays."""

from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import text, update
from uuid_utils.compat import uuid7

from services.billing.models import Order, StripeEvent
from services.identity.factors.models import Passkey
from services.identity.models import UserSession
from services.identity.privacy.own_data import EXPORT
from services.identity.providers.models import LinkedIdentity
from services.identity.tests.people import Person, new_account, new_email, new_person, register
from services.notifications.tests.smtp_sink import Sink
from shared import topology
from shared.events import PersonErased, PersonExportReady, PersonExportRequested, UserRegistered, UserUpdated
from shared.testing import Academy, wait_until
from shared.testing.harness import Caller
from tests.e2e.six import Six, at, found_in_files, found_in_queues, found_in_tables, run_worker, workers

ERASURES = "/api/v1/admin/erasures"
# Who did what from where stays in the sealed audit logs, as evidence (docs/adr/0008).
ALLOWED = {"identity.audit", "billing.audit"}


@dataclass
class Canary:
    """A learner with a unique word in every field that a person can fill."""

    person: Person
    words: dict[str, str]
    certificate_id: str = ""

    @property
    def personal(self) -> list[str]:
        return [*self.words.values(), self.person.email]


def answer(response: Any) -> Any:
    assert response.status_code < 300, response.text
    return response.json()


def teach(six: Six) -> tuple[str, str]:
    """A published free course of one lesson: their ids."""
    author = at(six, "catalog", new_person(six["identity"], "instructor"))
    body = {"title": f"Course {uuid7()}", "summary": "s", "description": "d", "price": {"amount": 0, "currency": "USD"}}
    course = answer(author.post("/api/v1/courses", json=body))["id"]
    module = answer(author.post(f"/api/v1/courses/{course}/modules", json={"title": "One"}))["id"]
    lessons = f"/api/v1/courses/{course}/modules/{module}/lessons"
    lesson = answer(author.post(lessons, json={"title": "One", "content": "Text"}))["id"]
    answer(author.post(f"/api/v1/courses/{course}/publish"))
    return course, lesson


def make_canary(six: Six) -> Canary:
    """Registered, named, applied, enrolled, finished, certified, having paid: with a trace in every service."""
    fields = ("tried", "name", "headline", "bio", "motivation", "agent", "key", "stripe", "rejected")
    words = {name: f"canary{uuid7().hex}" for name in (*fields, "subject", "program", "passkey", "moving")}
    email = new_email()
    # A first attempt, whose link was not followed: its mail is of nobody's account.
    assert register(six["identity"], email=email, name=words["tried"]).status_code == 202
    person = new_account(six["identity"], email=email).sign_in()
    here = at(six, "identity", person)
    agent = {"User-Agent": words["agent"], "If-Match": "*"}
    profile = {"name": f"Kay {words['name']}", "headline": words["headline"], "bio": words["bio"]}
    answer(here.patch("/api/v1/users/me", json=profile, headers=agent))
    motivation = {"motivation": f"I would like to teach {words['motivation']}"}
    applied = {"User-Agent": words["agent"], "Idempotency-Key": words["key"]}
    answer(here.post("/api/v1/users/me/instructor-applications", json=motivation, headers=applied))
    elsewhere = {"issuer": "https://id.test", "subject": words["subject"], "email": f"{words['subject']}@id.test"}
    with six["identity"].database.begin() as session:
        session.add(LinkedIdentity(id=uuid7(), user_id=person.id, **elsewhere))
        device = {"credential_id": uuid7().bytes, "public_key": b"p", "sign_count": 0, "name": words["passkey"]}
        session.add(Passkey(id=uuid7(), user_id=person.id, **device))
        shown = update(UserSession).where(UserSession.user_id == person.id)
        session.execute(shown.values(factors=["password", "passkey"]))
    answer(here.post("/api/v1/auth/email-change", json={"email": f"{words['moving']}@example.com"}))
    answer(here.post("/api/v1/auth/api-keys", json={"name": words["program"], "scopes": ["account:use"]}))
    course, lesson = teach(six)
    learner = at(six, "catalog", person)
    answer(learner.post("/api/v1/enrollments", json={"course_id": course}))
    answer(learner.post(f"/api/v1/courses/{course}/lessons/{lesson}/complete"))
    pay(six, person, words["stripe"])
    six["billing"].academy.publish_bytes(
        "catalog", "CoursePublished", f'{{"who": "{person.id}", "x": "{words["rejected"]}"}}'.encode()
    )
    canary = Canary(person, words)
    certificates = at(six, "certificates", person)
    issued = wait_until(lambda: certificates.get("/api/v1/certificates").json()["items"], 30, "the certificate")
    canary.certificate_id = issued[0]["id"]
    assert certificates.get(f"/api/v1/certificates/{canary.certificate_id}/pdf").status_code == 200
    return canary


def pay(six: Six, person: Person, word: str) -> None:
    """An order that Stripe has told us of, with what Stripe knows of the payer."""
    order_id = uuid7()
    with six["billing"].database.begin() as session:
        session.add(
            Order(
                id=order_id,
                user_id=person.id,
                course_id=uuid7(),
                course_title="Sums",
                amount=4900,
                currency="USD",
                client_key=word,
                attempt_expires_at=text("now()"),
                session_url=f"https://pay.test/{word}",
                status="paid",
                paid_amount=4900,
                paid_currency="USD",
            )
        )
        body = f'{{"metadata": {{"order_id": "{order_id}"}}, "customer_details": {{"name": "{word}"}}}}'.encode()
        facts = {"api_version": "x", "livemode": False, "ignored": False, "created": text("now()")}
        session.add(StripeEvent(event_id=f"evt_{order_id}", type="checkout.session.completed", body=body, **facts))


@pytest.fixture
def admin(six: Six) -> Caller:
    return at(six, "identity", new_person(six["identity"], "admin"))


@pytest.fixture
def canary(six: Six, sink: Sink) -> Canary:
    with workers(six):
        canary = make_canary(six)
        told = f"SELECT count(*) FROM deliveries WHERE state = 'sent' AND recipient = '{canary.person.email}'"
        mails = "verification, welcome, address change, API key, enrolled, certificate"
        wait_until(lambda: six["notifications"].database.ask(text(told)) >= 6, 30, mails)
        wait_until(lambda: all(nothing_under_way(six[name]) for name in topology.SERVICES), 30, "events at rest")
    return canary


def nothing_under_way(harness: Any) -> bool:
    unpublished = "SELECT count(*) FROM outbox WHERE published_at IS NULL"
    return bool(harness.database.ask(text(unpublished)) == 0)


def test_the_export_has_every_word_and_is_fetched_once(six: Six, canary: Canary) -> None:
    person, me = canary.person, at(six, "identity", canary.person)
    export = answer(me.post("/api/v1/users/me/exports"))
    assert export["status"] == "gathering"
    assert answer(me.post("/api/v1/users/me/exports"))["id"] == export["id"], "one at a time"
    address = f"/api/v1/users/me/exports/{export['id']}"
    with workers(six):
        wait_until(lambda: answer(me.get(address))["status"] == "ready", 30, "every service has answered")
    [ready] = six["identity"].published(PersonExportReady, person.id)

    stranger = at(six, "identity", new_person(six["identity"]))
    assert stranger.post(f"{address}/fetch", json={"token": ready.token}).status_code == 404
    assert me.post(f"{address}/fetch", json={"token": "guessed"}).status_code == 410
    fetched = me.post(f"{address}/fetch", json={"token": ready.token})
    assert (fetched.status_code, fetched.headers["cache-control"]) == (200, "no-store")
    assert set(fetched.json()) == set(topology.SERVICES)
    exported = {name: word for name, word in canary.words.items() if name not in ("rejected", "key", "tried")}
    assert [name for name, word in exported.items() if word not in fetched.text] == []
    assert person.email in fetched.text
    assert "password_hash" not in fetched.text
    assert me.post(f"{address}/fetch", json={"token": ready.token}).status_code == 410
    assert answer(me.get(address))["status"] == "fetched"
    with six["identity"].database.begin() as session:
        kept = text("SELECT count(*) FROM export_parts WHERE export_id = :id")
        assert session.scalar(kept, {"id": export["id"]}) == 0


def test_after_an_erasure_with_a_death_in_its_middle_nothing_of_the_person_is_left(
    six: Six, academy: Academy, canary: Canary, admin: Caller, capfd: pytest.CaptureFixture[str]
) -> None:
    person = canary.person
    before = found_in_tables(academy, canary.personal)
    assert {name.split(".")[0] for name in before} >= {"identity", "billing", "certificates", "notifications"}

    erased = answer(at(six, "identity", person).post("/api/v1/users/me/erasure"))
    assert person.me().status_code == 401, "all sessions have ended"
    assert person.try_sign_in().status_code in (401, 403)
    address = f"{ERASURES}/{erased['id']}"
    with workers(six, "identity", "billing", "notifications", "live"):
        killed = run_worker(academy, "certificates", FAILPOINTS="handler-PersonErasureRequested:kill")
        assert killed == -9, "it died after its work and before its commit"
        assert run_worker(academy, "catalog", FAILPOINTS="handler-PersonErasureRequested:kill") == -9

        def receipts() -> set[str]:
            return {item["service"] for item in answer(admin.get(address))["services"] if item["erased_at"]}

        wait_until(lambda: receipts() == {"identity", "billing", "notifications", "live"}, 30, "four receipts")
        assert answer(admin.get(address))["status"] == "running"
        with workers(six, "catalog", "certificates"):
            wait_until(lambda: answer(admin.get(address))["status"] == "done", 60, "all receipts")
            answer(admin.post(f"{address}/retry"))
            asked = len(six["catalog"].published(PersonErased, person.id))
            wait_until(lambda: len(six["catalog"].published(PersonErased, person.id)) > asked - 1, 30)
            wait_until(lambda: all(nothing_under_way(six[name]) for name in topology.SERVICES), 30, "events at rest")

    assert found_in_tables(academy, canary.personal) <= ALLOWED
    assert found_in_files(academy, canary.personal) == set()
    assert found_in_queues(academy, canary.personal) == set()
    captured = capfd.readouterr()
    assert [word for word in canary.personal if word in captured.out + captured.err] == []
    assert_what_must_stay(six, canary, admin, erased["id"])


def assert_what_must_stay(six: Six, canary: Canary, admin: Caller, erasure_id: str) -> None:
    """The books without the buyer, the receipts with their counts, a certificate of nobody."""
    [entry] = [item for item in answer(admin.get(ERASURES))["items"] if item["id"] == erasure_id]
    counts = {item["service"]: item["counts"] for item in entry["services"]}
    assert counts["certificates"]["certificates"] == 1
    check = six["certificates"].database.ask(
        text(f"SELECT status || ' ' || learner_name FROM certificates WHERE id = '{canary.certificate_id}'")
    )
    assert check == "revoked Erased"
    with six["billing"].database.begin() as session:
        books = text("SELECT status, paid_amount FROM orders WHERE user_id = :id")
        assert session.execute(books, {"id": canary.person.id}).all() == [("paid", 4900)], "the books stay"


def test_nothing_that_is_told_later_brings_the_person_back(six: Six, canary: Canary, admin: Caller) -> None:
    person = canary.person
    old_news = six["identity"].published
    registered = old_news(UserRegistered, person.id) + old_news(UserUpdated, person.id)
    erased = answer(admin.post(f"/api/v1/admin/users/{person.id}/erase"))
    with workers(six):
        wait_until(lambda: answer(admin.get(f"{ERASURES}/{erased['id']}"))["status"] == "done", 60, "all receipts")
        for event in registered:
            six["identity"].academy.publish(event)
        gone = "SELECT count(*) FROM people WHERE user_id = :id AND email IS NULL AND erased"
        wait_until(lambda: six["notifications"].database.ask(text(gone), id=person.id) == 1, 10)
    assert found_in_tables(six["identity"].academy, [canary.words["name"]]) <= ALLOWED
    again = admin.post(f"/api/v1/admin/users/{person.id}/reactivate")
    assert (again.status_code, again.json()["type"]) == (409, "urn:academy:problem:account-erased")


def test_an_administrator_is_not_erased_and_an_old_session_erases_nobody(six: Six, admin: Caller) -> None:
    other = new_person(six["identity"], "admin")
    refused = admin.post(f"/api/v1/admin/users/{other.id}/erase")
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:academy:problem:administrator-not-erased")
    person = new_person(six["identity"])
    with six["identity"].database.begin() as session:
        sessions = text("UPDATE sessions SET authenticated_at = now() - interval '11 minutes' WHERE user_id = :id")
        session.execute(sessions, {"id": person.id})
    old = at(six, "identity", person).post("/api/v1/users/me/erasure")
    assert (old.status_code, old.json()["type"]) == (403, "urn:academy:problem:recent-sign-in-required")
    assert person.me().status_code == 200


@pytest.mark.parametrize("service", topology.SERVICES)
def test_every_table_that_names_a_person_is_part_of_exports(six: Six, service: str) -> None:
    names = ("user_id", "learner_id", "author_id", "host_id", "instructor_id", "recipient_id")
    columns = "SELECT table_name FROM information_schema.columns WHERE column_name = ANY(:names)"
    with six[service].database.begin() as session:
        personal = set(session.scalars(text(columns), {"names": list(names)}))
    assert personal <= exported_tables(six, service) | NOT_EXPORTED.get(service, set())


# Courses of others that a projection knows; secrets and bookkeeping of identity that are of no use to the person.
NOT_EXPORTED = {
    "live": {"courses"},
    "notifications": {"courses"},
    "identity": {
        *("person_exports", "erasures", "mail_links", "known_devices"),
        *("totp_secrets", "recovery_codes", "tickets"),
    },
    "billing": {"products", "ledger_entries", "revenue_days"},
}


def exported_tables(six: Six, service: str) -> set[str]:
    if service == "identity":
        return set(EXPORT)
    handler: Any = six[service].worker.handlers.events[PersonExportRequested]
    return set(handler.__self__.export)
