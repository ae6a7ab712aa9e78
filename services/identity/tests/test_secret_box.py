"""Secrets at rest: encrypted, rotated, and never lost on the way."""

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr
from sqlalchemy import select, update

from services.identity.factors.models import TotpSecret
from services.identity.factors.totp import reseal_secrets
from services.identity.main import create_app
from services.identity.secret_box import EncryptionKeyMissing, Sealed, SecretBox
from services.identity.tests.people import Person
from services.identity.tests.test_second_factor import App, first_step, second_step
from services.identity.worker import create_worker
from shared.testing import Harness
from shared.testing.academy import ENCRYPTION_KEY


def box(*keys: str) -> SecretBox:
    return SecretBox(SecretStr(",".join(keys)))


def stored(person: Person) -> Sealed:
    own = select(TotpSecret.secret, TotpSecret.key_id).where(TotpSecret.user_id == person.id)
    with person.harness.database.begin() as session:
        return Sealed(*session.execute(own).one())


def reseal(identity: Harness, keys: SecretBox) -> None:
    """One run of the job."""
    for _ in reseal_secrets(identity.database, keys):
        continue


def test_the_secret_of_an_app_is_not_in_the_database(person: Person) -> None:
    app = App(person)
    assert app.confirm().status_code == 200
    kept = stored(person)
    assert app.secret not in kept.text
    assert box(ENCRYPTION_KEY).open(kept) == app.secret


def test_what_was_stored_plain_still_works_and_is_encrypted_by_the_worker(identity: Harness, person: Person) -> None:
    app = App(person)
    app.confirm()
    with identity.database.begin() as session:
        own = update(TotpSecret).where(TotpSecret.user_id == person.id)
        session.execute(own.values(secret=app.secret, key_id=None))
    for _ in range(2):
        app.let_a_minute_pass()
        assert second_step(person, first_step(person), code=app.code()).status_code == 200
        reseal(identity, box(ENCRYPTION_KEY))
    assert app.secret not in stored(person).text


def test_a_key_is_replaced_without_losing_a_secret(identity: Harness, person: Person) -> None:
    app, new = App(person), Fernet.generate_key().decode()
    both = box(new, ENCRYPTION_KEY)
    before = stored(person)
    assert both.open(before) == app.secret
    reseal(identity, both)
    after = stored(person)
    assert (after.key_id, box(new).open(after)) == (both.newest, app.secret)
    with pytest.raises(EncryptionKeyMissing):
        box(ENCRYPTION_KEY).open(after)
    # For the other tests of this database.
    reseal(identity, box(ENCRYPTION_KEY, new))
    assert stored(person).key_id == before.key_id


def test_a_tampered_secret_does_not_open() -> None:
    sealed = box(ENCRYPTION_KEY).seal("JBSWY3DPEHPK3PXP")
    with pytest.raises(EncryptionKeyMissing):
        box(ENCRYPTION_KEY).open(Sealed(sealed.text[:-4] + "AAA=", sealed.key_id))


@pytest.mark.parametrize("keys", [None, SecretStr(""), SecretStr("short"), SecretStr(f"{ENCRYPTION_KEY},x")])
def test_nothing_starts_without_a_usable_key(identity: Harness, keys: SecretStr | None) -> None:
    settings = identity.app.state.settings.model_copy(update={"encryption_keys": keys})
    for create in (create_app, create_worker):
        with pytest.raises(EncryptionKeyMissing, match="ENCRYPTION_KEYS"):
            create(settings)
