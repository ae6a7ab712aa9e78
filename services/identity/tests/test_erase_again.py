"""After a restore: people who were erased are erased again, also those whom the backup does not know as erased."""

from uuid_utils.compat import uuid7

from services.identity.erase_again import erase_again, main
from services.identity.tests.people import Person, new_person
from shared.events import PersonErasureRequested
from shared.testing import Harness

ERASURE = "/api/v1/users/me/erasure"


def asked(identity: Harness, person: Person) -> int:
    return len(identity.published(PersonErasureRequested, person.id))


def test_everybody_is_asked_for_again_with_those_the_backup_does_not_know(identity: Harness, person: Person) -> None:
    younger, untouched = new_person(identity), new_person(identity)
    assert person.browser.post(ERASURE).status_code == 202
    before = asked(identity, person)
    count, refused = erase_again(identity.database, [younger.id, uuid7()])
    assert (count >= 2, refused) == (True, [])
    assert (asked(identity, person), asked(identity, younger)) == (before + 1, 1)
    assert younger.me().status_code == 401, "from now on it is nobody's account"
    assert (asked(identity, untouched), untouched.me().status_code) == (0, 200)
    erase_again(identity.database, [younger.id])
    assert asked(identity, younger) == 2, "it may be repeated"


def test_an_administrator_is_named_and_stays(identity: Harness, admin: Person) -> None:
    _, [refused] = erase_again(identity.database, [admin.id])
    assert str(admin.id) in refused
    assert admin.me().status_code == 200


def test_what_is_no_id_is_refused_before_anything_is_done() -> None:
    assert main(["ann@example.com"]) == 1
