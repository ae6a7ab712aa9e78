"""Which schema this code expects, without loading Alembic into every process.

Migrations are named by ascending four-digit revisions (0001_initial.py holds revision "0001"), forward only.
"""

import re
from functools import cache
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from shared.database import Database

REVISION = re.compile(r"[0-9]{4}")
SERVICES = Path(__file__).resolve().parent.parent / "services"


def versions_folder(service: str) -> Path:
    """Where a service keeps its migrations."""
    return SERVICES / service / "migrations" / "versions"


@cache
def head(service: str) -> str:
    """The newest revision that this code knows, such as "0003"."""
    return max(path.name[:4] for path in versions_folder(service).glob("[0-9]*.py"))


def is_newer(service: str, revision: str) -> bool:
    """True for the revision of a later release: its number is above the highest that this code knows."""
    return REVISION.fullmatch(revision) is not None and revision > head(service)


def schema_is_current(database: Database) -> bool:
    """True when the database answers and its schema is at this code's head or newer.

    Newer is served on purpose: migrations are additive first, so the old release keeps working during a roll-out.
    """
    try:
        with database.autocommit_engine.connect() as connection:
            current = connection.scalar(text("SELECT version_num FROM alembic_version"))
    except SQLAlchemyError:
        return False
    return current is not None and (current == head(database.service) or is_newer(database.service, current))
