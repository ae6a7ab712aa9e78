"""The ids of erased people, kept with the files: a restored database does not know of erasures after its backup.

One empty object `identity/erased/<user id>` for each. A restore of the files must leave those that are younger.
"""

from collections.abc import Iterator
from uuid import UUID

from sqlalchemy import select, update

from services.identity.privacy.models import Erasure
from shared.database import Database
from shared.storage import Storage

FOLDER = "identity/erased"
BATCH = 100


def keep_ids(database: Database, storage: Storage) -> Iterator[None]:
    """Stores the ids that are not stored yet. Not in the request itself: it might fail after the id was stored."""
    while True:
        with database.begin() as session:
            found = select(Erasure.id, Erasure.user_id).where(Erasure.id_kept.is_(False)).limit(BATCH)
            erasures = session.execute(found).all()
        for erasure in erasures:
            storage.put(f"{FOLDER}/{erasure.user_id}", b"")
        with database.begin() as session:
            kept = [erasure.id for erasure in erasures]
            session.execute(update(Erasure).where(Erasure.id.in_(kept)).values(id_kept=True))
        yield
        if len(erasures) < BATCH:
            return


def read_ids(storage: Storage) -> set[UUID]:
    """Everybody whose id is stored."""
    return {UUID(key.rpartition("/")[2]) for key in storage.list_keys(f"{FOLDER}/")}
