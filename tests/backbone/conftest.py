"""A service made of the kernel alone, in live's schema: its handlers are what each test says."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any
from uuid import UUID

import pytest
from fastapi import APIRouter, FastAPI
from sqlalchemy import text
from uuid_utils.compat import uuid7

from shared import outbox
from shared.app import create_app
from shared.auth import PUBLIC
from shared.broker import connection_parameters
from shared.database import Database, SessionDep
from shared.events import CoursePublished, LiveSessionScheduled
from shared.inbox import Handlers
from shared.loops import Loop
from shared.relay import Relay
from shared.retries import Retrier, RetryPolicy
from shared.settings import Settings
from shared.testing import Academy, Harness
from shared.testing.harness import running
from shared.worker import Worker

router = APIRouter(dependencies=[PUBLIC])


@router.post("/notes/{note_id}")
def write_note(note_id: UUID, session: SessionDep, fail: str = "") -> dict[str, str]:
    """State and event; `fail` says what goes wrong afterwards."""
    session.execute(text("INSERT INTO notes (id, twin) VALUES (:id, :twin)"), {"id": note_id, "twin": note_id})
    outbox.add(session, scheduled(note_id))
    if fail == "raise":
        raise RuntimeError("a defect after the write")
    if fail == "commit":
        # The deferred constraint is checked by COMMIT, after the route has returned.
        session.execute(text("INSERT INTO notes (id, twin) VALUES (:id, :twin)"), {"id": uuid7(), "twin": note_id})
    return {"id": str(note_id)}


def scheduled(live_session_id: UUID, title: str = "note") -> LiveSessionScheduled:
    return LiveSessionScheduled(
        live_session_id=live_session_id,
        version=1,
        course_id=uuid7(),
        course_title="Course",
        title=title,
        starts_at="2030-01-01T00:00:00Z",
        duration_minutes=30,
    )


def published(course_id: UUID, version: int = 1) -> CoursePublished:
    return CoursePublished(
        course_id=course_id,
        version=version,
        slug="course",
        title="Course",
        instructor_id=uuid7(),
        price_amount=0,
        price_currency="USD",
    )


class Recorder:
    """A handler that writes each effect to the database, and fails as told."""

    def __init__(self) -> None:
        self.failures: dict[UUID, list[BaseException]] = {}

    def __call__(self, session: Any, event: CoursePublished) -> None:
        session.execute(text("INSERT INTO effects (subject) VALUES (:subject)"), {"subject": str(event.course_id)})
        if self.failures.get(event.course_id):
            raise self.failures[event.course_id].pop(0)


class Backbone:
    """The harness with what these tests ask about it."""

    def __init__(self, harness: Harness, recorder: Recorder) -> None:
        self.harness = harness
        self.recorder = recorder
        self.academy = harness.academy

    def one(self, query: str, **values: Any) -> Any:
        """The first column of the first row."""
        with self.harness.database.begin() as session:
            return session.execute(text(query), {name: str(value) for name, value in values.items()}).scalar()

    def relay_of(self, service: str) -> AbstractContextManager[None]:
        """The relay as it runs in another service's worker, on this schema's outbox."""
        relay = self.relay(service)
        return running([Loop("relay", relay.step, 0.05, relay.close)])

    def relay(self, service: str = "live") -> Relay:
        """A service's relay on this schema's outbox, to be stepped by hand."""
        settings = self.academy.settings(Settings, database_user="live_app")
        database = Database(settings.database_url(service), service)
        return Relay(database, connection_parameters(settings, service), RetryPolicy.of(settings))

    def retrier(self) -> Retrier:
        """The inbox's retries as the worker makes them."""
        worker = self.harness.worker
        return Retrier(self.harness.database, worker.handlers, RetryPolicy.of(worker.settings))

    def effects(self, subject: UUID) -> int:
        """How often an event's handler has taken effect."""
        return int(self.one("SELECT count(*) FROM effects WHERE subject = :s", s=subject))


@pytest.fixture(scope="session")
def backbone(testrun_uid: str, worker_id: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backbone]:
    # An academy of its own: these tests add tables and failures that live's own tests must not meet.
    academy = Academy(f"{testrun_uid[:8]}_{worker_id}_backbone", tmp_path_factory.mktemp("files"))
    settings = academy.settings(
        Settings,
        event_attempts=3,
        event_first_retry_seconds=0.05,
        event_lease_seconds=0.5,
        worker_poll_seconds=0.05,
    )
    recorder = Recorder()
    worker = Worker("live", settings, Handlers(events={CoursePublished: recorder}))

    def app(_settings: Settings) -> FastAPI:
        return create_app("live", "Backbone", settings, [router])

    academy.migrate("live")
    owner = academy.owner("live")
    with owner.begin() as connection:
        connection.execute(text("CREATE TABLE effects (subject text NOT NULL)"))
        connection.execute(
            text("CREATE TABLE notes (id uuid PRIMARY KEY, twin uuid UNIQUE DEFERRABLE INITIALLY DEFERRED)")
        )
    owner.dispose()
    with academy.service("live", settings, app, lambda _settings: worker) as harness:
        yield Backbone(harness, recorder)
    academy.close()
