"""Removing files that nobody holds: deleted ones, those of deleted lessons, and uploads that died half-way."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import and_, delete, or_, select

from services.catalog.files.models import File
from shared.database import Database
from shared.storage import Storage
from shared.telemetry import get_logger

log = get_logger(__name__)

# Longer than any upload takes: a younger one may still be on its way.
UPLOAD_LIMIT = timedelta(hours=1)
BATCH = 100


def sweep_files(database: Database, storage: Storage) -> None:
    """Removes the bytes first, then the row that remembers them: a crash in between is repaired by the next run."""
    too_old = datetime.now(UTC) - UPLOAD_LIMIT
    deleted = and_(File.lesson_id.is_(None), File.stored_at.is_not(None))
    died = and_(File.stored_at.is_(None), File.created_at < too_old)
    unheld = or_(deleted, died)
    with database.begin() as session:
        files = session.execute(select(File.id, File.storage_key).where(unheld).limit(BATCH)).all()
    for file in files:
        try:
            storage.delete(file.storage_key)
        # One file that cannot be removed must not keep the others; it is tried again in the next run.
        except Exception as error:
            log.warning("file not removed", file_id=str(file.id), error=str(error))
            continue
        with database.begin() as session:
            session.execute(delete(File).where(File.id == file.id))
