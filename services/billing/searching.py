"""Finding orders: one's own, or among all of them by anything that a person may have in hand."""

import operator
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from services.billing.models import Dispute, Document, Order, OrderLine, Payment, Refund, RefundRequest
from shared.database import Database
from shared.pagination import PageRequest, cut_page, sort_key

EXPORT_PAGE = 500
COLUMNS = (
    "id",
    "created_at",
    "status",
    "user_id",
    "course_id",
    "course_title",
    "amount",
    "currency",
    "coupon",
    "paid_amount",
    "paid_at",
    "tax_amount",
    "refunded_amount",
    "dispute",
    "surplus",
    "session_id",
)

# Where a cell begins for a spreadsheet that separates by semicolons or tabs, or does not know quotes; and its first
# sign, behind blanks.
_CELL_START = re.compile(r"((?:^|[;\t\r\n|])\s*)(\S)")
_SEPARATOR = re.compile(r"""[,;\t\r\n|"]""")


@dataclass(frozen=True)
class OrderFilter:
    """What is looked for; None is anything. `query` is an id of ours or of Stripe's, or a document's number; `since`
    and `until` bound the order's creation, the latter excluded."""

    status: str | None = None
    user_id: UUID | None = None
    course_id: UUID | None = None
    instructor_id: UUID | None = None
    currency: str | None = None
    surplus: bool | None = None
    since: datetime | None = None
    until: datetime | None = None
    query: str | None = None


def list_orders(session: Session, wanted: OrderFilter, page: PageRequest) -> tuple[list[Order], str | None]:
    """A page of the orders that fit, newest first, and the next page's cursor."""
    conditions = _conditions(wanted)
    if after := sort_key(page, UUID):
        conditions.append(Order.id < after[0])
    statement = select(Order).where(*conditions).order_by(Order.id.desc()).limit(page.limit + 1)
    return cut_page(session.scalars(statement).all(), page, lambda order: [order.id])


def export_orders(database: Database, wanted: OrderFilter, bom: bool = False) -> Iterator[str]:
    """All orders that fit as CSV, newest first, page by page: no transaction is open while a slow reader reads. `bom`:
    a byte order mark first, by which Excel knows that it is UTF-8."""
    yield ("\ufeff" if bom else "") + _csv([COLUMNS])
    last: UUID | None = None
    while True:
        behind = [Order.id < last] if last else []
        statement = select(Order).where(*_conditions(wanted), *behind).order_by(Order.id.desc()).limit(EXPORT_PAGE)
        with database.begin() as session:
            orders = session.scalars(statement).all()
        if not orders:
            return
        yield _csv([getattr(order, name) for name in COLUMNS] for order in orders)
        last = orders[-1].id


def _conditions(wanted: OrderFilter) -> list[ColumnElement[bool]]:
    tests = (
        (operator.eq, Order.status, wanted.status),
        (operator.eq, Order.user_id, wanted.user_id),
        (operator.eq, Order.course_id, wanted.course_id),
        (operator.eq, Order.currency, wanted.currency),
        (operator.eq, Order.surplus, wanted.surplus),
        (operator.ge, Order.created_at, wanted.since),
        (operator.lt, Order.created_at, wanted.until),
    )
    conditions = [test(column, value) for test, column, value in tests if value is not None]
    if wanted.instructor_id is not None:
        taught = select(OrderLine.order_id).where(OrderLine.instructor_id == wanted.instructor_id)
        conditions.append(Order.id.in_(taught))
    if wanted.query:
        conditions.append(_named(wanted.query.strip()))
    return conditions


def _named(query: str) -> ColumnElement[bool]:
    try:
        identifier = UUID(query)
    except ValueError:
        return or_(
            Order.session_id == query,
            Order.stray_session == query,
            Order.id.in_(select(Payment.order_id).where(Payment.id == query)),
            Order.id.in_(select(Refund.order_id).where(Refund.id == query)),
            Order.id.in_(select(Dispute.order_id).where(Dispute.id == query)),
            Order.id.in_(select(Document.order_id).where(Document.number == query.upper())),
        )
    return or_(
        Order.id == identifier,
        Order.user_id == identifier,
        Order.id.in_(select(RefundRequest.order_id).where(RefundRequest.id == identifier)),
    )


def _csv(rows: Iterable[Iterable[Any]]) -> str:
    return "".join(",".join(map(_cell, row)) + "\r\n" for row in rows)


def _cell(value: Any) -> str:
    """A cell that no spreadsheet takes for a formula (OWASP: CSV injection): titles are written by instructors. Quoted
    as well where another separator than ours stands in it (RFC 4180)."""
    if isinstance(value, datetime):
        return value.isoformat()
    text = "" if value is None else str(value)
    if not isinstance(value, str):
        return text
    text = _CELL_START.sub(_defused, text)
    return '"' + text.replace('"', '""') + '"' if _SEPARATOR.search(text) else text


def _defused(start: re.Match[str]) -> str:
    # Full-width and small forms of the signs begin formulas too, where such are typed.
    sign = unicodedata.normalize("NFKC", start[2])[:1]
    return f"{start[1]}'{start[2]}" if sign and sign in "=+-@" else start[0]
