"""Taking in a file: checked, stored, and never an orphan on either side.

A file is larger than a transaction should be long, so there are two: the first reserves a row with the storage key,
then the bytes are stored, the second says so. Whatever breaks in between is cleared away here, or by the sweeper.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import BinaryIO
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from services.catalog.courses.models import Course
from services.catalog.courses.outline import LessonNotFound, get_lesson
from services.catalog.courses.ownership import lock_own_course
from services.catalog.files.archives import check_archive
from services.catalog.files.kinds import check_kind
from services.catalog.files.models import File
from services.catalog.files.names import clean_name
from services.catalog.visitors import Visitor
from shared import failpoints, limits
from shared.database import Database
from shared.errors import Conflict, Unavailable
from shared.limits import Limit
from shared.slots import Slot, require_slot
from shared.storage import Storage, new_key
from shared.telemetry import get_logger

log = get_logger(__name__)

# Counting what an archive unpacks to takes a core for seconds, storing a large file the disk.
UPLOADS = Slot("uploads", size=3, queue=16, share=4, wait_seconds=10.0)
UPLOAD_LIMIT = Limit("uploads", "uploads", 500, "instructor", timedelta(hours=1), "Put small files together into one.")


class CourseQuotaExceeded(Conflict):
    slug, title = "course-quota-exceeded", "The files of this course take up all its space"
    detail = "Delete files that are no longer needed, or ask an administrator for more space."


class InstructorQuotaExceeded(Conflict):
    slug, title = "instructor-quota-exceeded", "The files of this instructor's courses take up all their space"
    detail = "Delete files that are no longer needed, in any of the courses, or ask an administrator for more space."


@dataclass(frozen=True)
class Quotas:
    """How many bytes the files of one course may have, and those of all courses of one instructor."""

    course: int
    instructor: int


@dataclass(frozen=True)
class Upload:
    """A file as it came in: names and types are what the caller claims, `size` (bytes) is counted."""

    course_id: UUID
    lesson_id: UUID
    name: str
    declared_type: str
    size: int
    content: BinaryIO


def store_upload(database: Database, storage: Storage, upload: Upload, visitor: Visitor, quotas: Quotas) -> File:
    """The stored file. Raises WrongFileType, CourseQuotaExceeded, InstructorQuotaExceeded, LimitReached, LessonNotFound
    and what lock_own_course raises. The route takes an UPLOADS slot."""
    require_slot(UPLOADS)
    name = clean_name(upload.name)
    kind = check_kind(name, upload.declared_type, upload.content)
    file = File(
        id=uuid7(),
        course_id=upload.course_id,
        lesson_id=upload.lesson_id,
        name=name,
        content_type=kind.content_type,
        size=upload.size,
        storage_key=new_key("catalog"),
        created_at=datetime.now(UTC),
    )
    with database.begin() as session:
        _reserve(session, file, upload, visitor, quotas)
    with _removed_on_failure(database, storage, file):
        if kind.content_type == "application/zip":
            check_archive(upload.content, upload.size)
        digest = hashlib.file_digest(upload.content, "sha256").hexdigest()  # type: ignore[arg-type]
        _put(storage, file.storage_key, upload.content)
        failpoints.reach("upload-before-row")
        with database.begin() as session:
            return _confirm(session, file, digest)


def _put(storage: Storage, key: str, content: BinaryIO) -> None:
    content.seek(0)
    try:
        storage.put(key, content)
    # Whatever the disk or S3 says (full, away, refused), the caller can only try again later.
    except Exception as error:
        log.error("file not stored", key=key, exc_info=error)
        raise Unavailable("The file could not be stored. Nothing was kept of it; try again in a while.") from error


def _reserve(session: Session, file: File, upload: Upload, visitor: Visitor, quotas: Quotas) -> None:
    course = lock_own_course(session, upload.course_id, visitor)
    get_lesson(session, course.id, upload.lesson_id)
    # Also the lock under which the files of all courses of the instructor are added up, whoever uploads.
    limits.use(session, UPLOAD_LIMIT, course.instructor_id)
    in_course = func.coalesce(func.sum(File.size).filter(File.course_id == course.id), 0)
    of_all = select(in_course, func.coalesce(func.sum(File.size), 0)).join(Course, Course.id == File.course_id)
    here, everywhere = session.execute(of_all.where(Course.instructor_id == course.instructor_id)).one()
    if here + file.size > quotas.course:
        raise CourseQuotaExceeded
    if everywhere + file.size > quotas.instructor:
        raise InstructorQuotaExceeded
    session.add(file)


def _confirm(session: Session, file: File, digest: str) -> File:
    # Locked: the lesson may be deleted at this moment, which takes the file from it.
    stored: File | None = session.scalar(select(File).where(File.id == file.id).with_for_update())
    if stored is None or stored.lesson_id is None:
        raise LessonNotFound
    stored.sha256 = digest
    stored.stored_at = datetime.now(UTC)
    return stored


@contextmanager
def _removed_on_failure(database: Database, storage: Storage, file: File) -> Iterator[None]:
    try:
        yield
    except BaseException:
        try:
            storage.delete(file.storage_key)
            with database.begin() as session:
                session.execute(delete(File).where(File.id == file.id))
        except Exception as error:
            # The row is still there and still without stored_at: the sweeper takes over.
            log.warning("upload left to the sweeper", file_id=str(file.id), error=str(error))
        raise
