"""The table of files that hang on lessons."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from services.catalog.models import Base


class File(Base):
    """A stored file always has a row: it is written first and says where the bytes go, `stored_at` says they are there.

    A row without lesson (deleted, or its lesson was) or never stored is removed with its bytes by the sweeper.
    """

    __tablename__ = "files"
    __table_args__ = (
        Index("ix_files_unheld", "created_at", postgresql_where=text("lesson_id IS NULL OR stored_at IS NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    course_id: Mapped[UUID] = mapped_column(ForeignKey("courses.id"), index=True)
    lesson_id: Mapped[UUID | None] = mapped_column(ForeignKey("lessons.id", ondelete="SET NULL"), index=True)
    name: Mapped[str]
    content_type: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str | None]
    storage_key: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    stored_at: Mapped[datetime | None]
