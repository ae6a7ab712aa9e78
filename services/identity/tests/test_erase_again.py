"""After a restore: people who were erased are erased again, also those whom the backup does not know as erased."""

import pytest
from sqlalchemy import delete, update
from uuid_utils.compat import uuid7

from services.identity.erase_again import erase_again, main
from services.identity.models import User
from services.identity.privacy.erased_people import keep_ids
from services.identity.privacy.models import Erasure
from services.identity.tests.people import Person, new_person
from shared.events import PersonErasureRequested
from shared.storage import Storage
from shared.testing import Harness

ERASURE = "/api/v1/users/me/erasure"


def asked(identity: Harness, person: Person) -> int:
    return len(identity.published(PersonErasureRequested, person.id))


@pytest.fixture
def storage(identity: Harness) -> Storage:
    kept: Storage = identity.app.state.storage
    return kept


def test_everybody_is_asked_for_again_with_those_named(identity: Harness, person: Person, storage: Storage) -> None:
    younger, untouched = new_person(identity), new_person(identity)
    assert person.browser.post(ERASURE).status_code == 202
    before = asked(identity, person)
    count, refused = erase_again(identity.database, storage, [younger.id, uuid7()])
    assert (count >= 2, refused) == (True, [])
    assert (asked(identity, person), asked(identity, younger)) == (before + 1, 1)
    assert younger.me().status_code == 401, "from now on it is nobody's account"
    assert (asked(identity, untouched), untouched.me().status_code) == (0, 200)
    erase_again(identity.database, storage, [younger.id])
    assert asked(identity, younger) == 2, "it may be repeated"


def test_whom_the_backup_does_not_know_as_erased_is_found_with_the_files(
    identity: Harness, person: Person, storage: Storage
) -> None:
    assert person.browser.post(ERASURE).status_code == 202
    for _ in keep_ids(identity.database, storage):
        continue
    with identity.database.begin() as session:
        session.execute(delete(Erasure).where(Erasure.user_id == person.id))
        session.execute(update(User).where(User.id == person.id).values(status="active"))
    _, refused = erase_again(identity.database, storage, [])
    assert (asked(identity, person), refused) == (2, [])
    assert person.me().status_code == 401


def test_an_administrator_is_named_and_stays(identity: Harness, admin: Person, storage: Storage) -> None:
    _, [refused] = erase_again(identity.database, storage, [admin.id])
    assert str(admin.id) in refused
    assert admin.me().status_code == 200


def test_what_is_no_id_is_refused_before_anything_is_done() -> None:
    assert main(["ann@example.com"]) == 1
