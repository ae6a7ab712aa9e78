"""After a restore of the database: erases again who was erased. `python -m services.identity.erase_again [USER...]`

Everybody whose erasure the restored database knows, or whose id is kept with the files, is asked for again, of every
service. USER is the id of somebody else. May be repeated; GET /api/v1/admin/erasures shows the receipts. Exit code 0:
all are asked for; 1: somebody could not be, the reason is on standard error.
"""

import sys
from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import select

from services.identity.audit import Origin
from services.identity.privacy import erasures
from services.identity.privacy.erased_people import read_ids
from services.identity.privacy.models import Erasure
from services.identity.users import UserNotFound
from shared import startup
from shared.database import Database
from shared.errors import Problem
from shared.settings import OneShotSettings
from shared.storage import Storage

ORIGIN = Origin(ip="", user_agent="erase_again", request_id="")


def erase_again(database: Database, storage: Storage, others: Iterable[UUID]) -> tuple[int, list[str]]:
    """How many people are being erased again, and who could not be. Each is a transaction by themselves."""
    with database.begin() as session:
        people = set(session.scalars(select(Erasure.user_id)).all())
    refused = []
    for user_id in people | read_ids(storage) | set(others):
        try:
            with database.begin() as session:
                erasures.request_erasure(session, user_id, ORIGIN)
        except UserNotFound:
            # Registered after the backup: nobody has anything of them.
            people.discard(user_id)
        except Problem as problem:
            refused.append(f"{user_id}: {problem.detail}")
        else:
            people.add(user_id)
    return len(people), refused


def main(arguments: list[str]) -> int:
    """Command line; returns the exit code."""
    try:
        others = [UUID(argument) for argument in arguments]
    except ValueError:
        sys.stderr.write(
            f"erase_again: {' '.join(arguments)}: give ids of people, as log lines `person erased` have them\n"
        )
        return 1
    settings = startup.read(OneShotSettings, "identity")
    database = Database(settings.database_url("identity"), "identity", pool_size=1)
    try:
        count, refused = erase_again(database, Storage(settings.storage_url), others)
    finally:
        database.close()
    sys.stdout.write(f"{count} people are being erased again\n")
    for line in refused:
        sys.stderr.write(f"erase_again: {line}\n")
    return 1 if refused else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
