"""The table of stored pictures."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func
from sqlalchemy.orm import Mapped, mapped_column

from services.identity.models import Base


class AvatarFile(Base):
    """A stored picture always has a row: it is written first, `stored_at` says that the bytes are there. Whose picture
    it is stands in `users.avatar_id`; one that is nobody's is removed by the cleanup."""

    __tablename__ = "avatar_files"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    stored_at: Mapped[datetime | None]
