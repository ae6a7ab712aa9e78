"""The files of lessons: listing, reading, deleting."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.catalog.courses.ownership import lock_own_course
from services.catalog.files.models import File
from services.catalog.learning.access import get_readable_lesson
from services.catalog.learning.openings import record_opening
from services.catalog.visitors import Visitor
from shared.errors import NotFound


class FileNotFound(NotFound):
    slug, title = "file-not-found", "There is no such file"
    detail = "Read the lesson for the ids of its files."


def list_lesson_files(session: Session, lesson_id: UUID) -> Sequence[File]:
    """The lesson's files in the order of their upload."""
    mine = (File.lesson_id == lesson_id, File.stored_at.is_not(None))
    return session.scalars(select(File).where(*mine).order_by(File.id)).all()


def get_file(session: Session, file_id: UUID, visitor: Visitor) -> File:
    """A file, for whoever may read its lesson. Raises FileNotFound and what get_readable_lesson raises."""
    file = _get_stored(session, file_id)
    if file.lesson_id is None:
        raise FileNotFound
    get_readable_lesson(session, file.course_id, file.lesson_id, visitor)
    return file


def open_file(session: Session, file_id: UUID, visitor: Visitor, is_read: bool) -> File:
    """A file for whoever may read its lesson; `is_read` says that it is given to them now. Raises as get_file does."""
    file = get_file(session, file_id, visitor)
    if visitor.user_id and file.lesson_id and is_read:
        record_opening(session, file.lesson_id, visitor.user_id)
    return file


def get_linked_file(session: Session, file_id: UUID) -> File:
    """A file whose link was checked. Raises FileNotFound."""
    return _get_stored(session, file_id)


def delete_file(session: Session, file_id: UUID, visitor: Visitor) -> None:
    """Takes the file from its lesson; the sweeper removes the bytes. Raises FileNotFound, NotYourCourse."""
    file = _get_stored(session, file_id)
    lock_own_course(session, file.course_id, visitor)
    file.lesson_id = None


def _get_stored(session: Session, file_id: UUID) -> File:
    stored = (File.id == file_id, File.lesson_id.is_not(None), File.stored_at.is_not(None))
    file: File | None = session.scalar(select(File).where(*stored))
    if file is None:
        raise FileNotFound
    return file
