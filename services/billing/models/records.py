"""What others told us."""

from datetime import datetime

from sqlalchemy import LargeBinary, func
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
