"""Tables of exports and erasures: what was asked for, and which service has answered."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, false, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.identity.models import Base

Counts = dict[str, int]


class PersonExport(Base):
    """A person's data, gathered from every service, to be fetched once. Of one person at most one is being gathered."""

    __tablename__ = "person_exports"
    __table_args__ = (
        Index("uq_person_exports_gathering", "user_id", unique=True, postgresql_where=text("ready_at IS NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    requested_at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)
    ready_at: Mapped[datetime | None]
    token_hash: Mapped[bytes | None]
    expires_at: Mapped[datetime | None]
    fetched_at: Mapped[datetime | None]


class ExportPart(Base):
    """One piece of what one service has. Gone once the export was fetched or has expired."""

    __tablename__ = "export_parts"

    export_id: Mapped[UUID] = mapped_column(ForeignKey("person_exports.id", ondelete="CASCADE"), primary_key=True)
    service: Mapped[str] = mapped_column(primary_key=True)
    part: Mapped[int] = mapped_column(primary_key=True)
    parts: Mapped[int]
    content: Mapped[str]


class Erasure(Base):
    """Somebody is to be erased in every service. Kept for good, with ids alone: after a restore of the database it says
    whom to erase again."""

    __tablename__ = "erasures"
    __table_args__ = (Index("ix_erasures_id_not_kept", "id", postgresql_where=text("NOT id_kept")),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(unique=True)
    requested_by: Mapped[UUID | None]
    requested_at: Mapped[datetime] = mapped_column(server_default=func.now())
    asked_at: Mapped[datetime] = mapped_column(server_default=func.now())
    id_kept: Mapped[bool] = mapped_column(server_default=false())


class ErasureReceipt(Base):
    """What one service has erased, by table; its last answer counts."""

    __tablename__ = "erasure_receipts"

    erasure_id: Mapped[UUID] = mapped_column(ForeignKey("erasures.id"), primary_key=True)
    service: Mapped[str] = mapped_column(primary_key=True)
    counts: Mapped[Counts] = mapped_column(JSONB)
    received_at: Mapped[datetime] = mapped_column(server_default=func.now())
