"""What a document says: plain facts, all that the printing side and the storing side share."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Party:
    """A seller or a buyer; a learner may well be known by nothing."""

    name: str
    address: tuple[str, ...] = ()
    tax_id: str = ""


@dataclass(frozen=True)
class PaperLine:
    """A thing that was sold; amounts in minor units."""

    title: str
    list_amount: int
    discount: int
    amount: int


@dataclass(frozen=True)
class Paper:
    """A document. Amounts are minor units and include the tax. `corrects`: the invoice that a credit note is about."""

    kind: str
    number: str
    issued_at: datetime
    order_id: str
    seller: Party
    buyer: Party
    lines: tuple[PaperLine, ...]
    amount: int
    tax_amount: int
    tax_lines: tuple[Mapping[str, Any], ...]
    currency: str
    paid_at: datetime | None
    void: bool
    corrects: str
