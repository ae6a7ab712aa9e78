from datetime import timedelta

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import ProgrammingError

from services.identity.models import Base, RefreshToken, Revocation, UserSession
from services.identity.secret_tokens import hash_token
from services.identity.tests.people import Person, refresh, run_job
from shared.auditing.tables import audit
from shared.auditing.tables import metadata as audit_metadata
from shared.events import UserRegistered
from shared.testing import Harness, wait_until
from shared.testing.schema import assert_models_match_migrations


def test_models_and_migrations_tell_the_same_story(identity: Harness) -> None:
    assert_models_match_migrations(identity, Base.metadata, audit_metadata)


def test_the_service_cannot_change_the_audit_log(identity: Harness, person: Person) -> None:
    for statement in (update(audit).values(action="nothing"), text("DELETE FROM audit"), text("TRUNCATE audit")):
        with pytest.raises(ProgrammingError, match="permission denied"), identity.database.begin() as session:
            session.execute(statement)


def test_what_is_over_is_cleaned_and_what_matters_stays(identity: Harness, person: Person) -> None:
    spent = person.refresh_token
    person.refresh()
    gone = Person(identity, person.id, person.email).sign_in()
    gone.browser.post("/api/v1/auth/logout")
    with identity.database.begin() as session:
        old = update(UserSession).where(UserSession.user_id == person.id, UserSession.revoked_at.is_not(None))
        session.execute(old.values(revoked_at=UserSession.revoked_at - timedelta(days=36)))
        session.execute(update(Revocation).values(expires_at=1))
    run_job(identity, "clean_up")
    with identity.database.begin() as session:
        assert session.scalars(select(func.count()).select_from(Revocation)).one() == 0
        hashes = set(session.scalars(select(RefreshToken.token_hash)))
    assert hash_token(gone.refresh_token) not in hashes
    assert {hash_token(spent), hash_token(person.refresh_token)} <= hashes
    assert person.refresh().me().status_code == 200
    assert refresh(identity, spent).status_code == 401, "reuse is still noticed"


def test_the_worker_publishes_and_cleans_up(identity: Harness, person: Person) -> None:
    unpublished = text("SELECT count(*) FROM outbox WHERE published_at IS NULL AND type = 'UserRegistered'")
    cleaned = text("SELECT count(*) FROM jobs WHERE name = 'clean_up' AND last_run_at IS NOT NULL")

    def count(statement: object) -> int:
        with identity.database.begin() as session:
            return int(session.scalar(statement))  # type: ignore[call-overload]

    assert identity.published(UserRegistered, person.id)
    with identity.running_worker():
        wait_until(lambda: count(unpublished) == 0, what="all registrations published")
        wait_until(lambda: count(cleaned) == 1, what="cleaned up")
