"""Removing files that nobody holds: deleted ones, those of deleted lessons, and uploads that died half-way."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from sqlalchemy import and_, or_

from services.catalog.files.models import File
from shared.database import Database
from shared.storage import Storage
from shared.sweeping import remove_files

# Longer than any upload takes: a younger one may still be on its way.
UPLOAD_LIMIT = timedelta(hours=1)


def sweep_files(database: Database, storage: Storage) -> Iterator[None]:
    """Removes them all, bytes and rows."""
    too_old = datetime.now(UTC) - UPLOAD_LIMIT
    deleted = and_(File.lesson_id.is_(None), File.stored_at.is_not(None))
    died = and_(File.stored_at.is_(None), File.created_at < too_old)
    return remove_files(database, storage, File, or_(deleted, died), lambda file: [file.storage_key])
