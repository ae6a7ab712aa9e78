"""What a payment provider shows of one checkout at one moment."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True)
class Refund:
    """`amount` in minor units; `status` is a key of facts.REFUND_STAGES; `request_id`: the wish of ours it fulfils."""

    amount: int
    status: str
    request_id: UUID | None = None


@dataclass(frozen=True)
class Dispute:
    """`amount` in minor units; `status` is a key of facts.DISPUTE_STAGES."""

    amount: int
    status: str
    reason: str = ""


@dataclass(frozen=True)
class Fee:
    """What the provider keeps, in minor units of its own account's currency."""

    amount: int
    currency: str


@dataclass(frozen=True)
class BuyerData:
    """Who paid, as they gave it on the payment page."""

    name: str
    address_lines: tuple[str, ...]
    country: str
    tax_id: str

    @property
    def fields(self) -> dict[str, Any]:
        """By the names of the table's columns."""
        return asdict(self) | {"address_lines": list(self.address_lines)}


@dataclass(frozen=True)
class Sighting:
    """`paid_at` is None unless the money arrived; `failure` is why it never will, or empty; `processing_at` is since
    when a payment that takes days is under way, while it is. `amount` includes `tax_amount`; `tax_lines` are the
    provider's (name, rate in percent, jurisdiction, amount)."""

    session_id: str
    order_id: UUID | None
    marks: Mapping[str, str]
    amount: int
    currency: str
    paid_at: datetime | None = None
    failure: str = ""
    processing_at: datetime | None = None
    intent_id: str | None = None
    refunds: Mapping[str, Refund] = field(default_factory=dict)
    disputes: Mapping[str, Dispute] = field(default_factory=dict)
    tax_amount: int = 0
    tax_lines: tuple[Mapping[str, Any], ...] = ()
    fees: Mapping[str, Fee] = field(default_factory=dict)
    buyer: BuyerData | None = None
