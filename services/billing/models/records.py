"""What others told us, and what people did."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Identity, LargeBinary, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.billing.models.declarative import Base


class StripeEvent(Base):
    """A verified webhook as it came. `ignored` events are of a type that changes nothing here."""

    __tablename__ = "stripe_events"

    event_id: Mapped[str] = mapped_column(primary_key=True)
    type: Mapped[str]
    api_version: Mapped[str | None]
    livemode: Mapped[bool]
    created: Mapped[datetime]
    ignored: Mapped[bool]
    body: Mapped[bytes] = mapped_column(LargeBinary)
    received_at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)


class Act(Base):
    """What somebody with power over money did. Rows are only ever inserted."""

    __tablename__ = "acts"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    actor_id: Mapped[UUID]
    session_id: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str] = mapped_column(index=True)
    details: Mapped[dict[str, Any]] = mapped_column(JSONB)
    acted_at: Mapped[datetime] = mapped_column(server_default=func.now())
