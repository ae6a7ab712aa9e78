"""What billing has of a person, and its erasure. The books stay, as tax law wants them, and are nobody's any more."""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, delete, func, or_, select, update
from sqlalchemy.orm import Session

from services.billing.models import (
    Buyer,
    Certificate,
    Coupon,
    CouponUse,
    Dispute,
    Document,
    Enrollment,
    LessonUsed,
    Order,
    OrderLine,
    Payment,
    Payout,
    Progress,
    Refund,
    RefundRequest,
    StripeEvent,
)
from shared.auditing.listing import select_own
from shared.privacy import Counts, Privacy

# The country stays: it decides the tax.
NOBODY: dict[str, Any] = {"name": "Erased", "address_lines": [], "tax_id": ""}


def erase(session: Session, user_id: UUID, _version: int) -> Counts:
    """Leaves amounts, dates, Stripe's ids and an account id that leads to nobody. What Stripe told us of the payer
    goes; Stripe itself has to be asked apart (docs/operations.md)."""
    orders = list(session.scalars(select(Order.id).where(Order.user_id == user_id)))
    known = update(Order).where(Order.user_id == user_id, or_(Order.session_url.is_not(None), Order.client_key != ""))
    anonymous = known.values(session_url=None, client_key=None).returning(Order.id)
    session.execute(delete(Certificate).where(Certificate.user_id == user_id))
    session.execute(delete(LessonUsed).where(LessonUsed.user_id == user_id))
    learned = delete(Progress).where(Progress.user_id == user_id).returning(Progress.course_id)
    reasoned = update(RefundRequest).where(RefundRequest.order_id.in_(orders), RefundRequest.reason != "")
    unnamed = update(Buyer).where(Buyer.order_id.in_(orders), Buyer.name != NOBODY["name"])
    counts = {
        "orders": len(session.execute(anonymous).all()),
        "progress": len(session.execute(learned).all()),
        "refund_requests": len(session.execute(reasoned.values(reason="").returning(RefundRequest.id)).all()),
        "buyers": len(session.execute(unnamed.values(**NOBODY).returning(Buyer.order_id)).all()),
        "stripe_events": 0,
    }
    if orders:
        told = update(StripeEvent).where(_mentions(orders), StripeEvent.body != b"")
        counts["stripe_events"] = len(session.execute(told.values(body=b"").returning(StripeEvent.event_id)).all())
    return counts


def _mentions(orders: list[UUID]) -> ColumnElement[bool]:
    # Each event of a payment names its order: we put the id into Stripe's metadata.
    body = func.encode(StripeEvent.body, "escape")
    return or_(*(func.strpos(body, str(order_id)) > 0 for order_id in orders))


def _orders_of(user_id: UUID) -> Select[Any]:
    return select(Order.id).where(Order.user_id == user_id)


def _lines_of(user_id: UUID) -> Select[Any]:
    """What the person bought or was given, without the price, which is the buyer's own matter."""
    columns: Any = (OrderLine.order_id, OrderLine.kind, OrderLine.course_id, OrderLine.title, OrderLine.quantity)
    return select(*columns).where(or_(OrderLine.order_id.in_(_orders_of(user_id)), OrderLine.recipient_id == user_id))


PRIVACY = Privacy(
    "billing",
    {
        "audit": select_own,
        "orders": lambda user_id: select(Order.__table__).where(Order.user_id == user_id),
        "order_lines": _lines_of,
        "payments": lambda user_id: select(Payment.__table__).where(Payment.order_id.in_(_orders_of(user_id))),
        "refunds": lambda user_id: select(Refund.__table__).where(Refund.order_id.in_(_orders_of(user_id))),
        "documents": lambda user_id: select(Document.__table__).where(Document.order_id.in_(_orders_of(user_id))),
        "buyers": lambda user_id: select(Buyer.__table__).where(Buyer.order_id.in_(_orders_of(user_id))),
        "payouts": lambda user_id: select(Payout.__table__).where(Payout.instructor_id == user_id),
        "enrollments": lambda user_id: select(Enrollment.__table__).where(Enrollment.user_id == user_id),
        "refund_requests": lambda user_id: select(RefundRequest.__table__).where(
            RefundRequest.order_id.in_(_orders_of(user_id))
        ),
        "progress": lambda user_id: select(Progress.__table__).where(Progress.user_id == user_id),
        "lessons_used": lambda user_id: select(LessonUsed.__table__).where(LessonUsed.user_id == user_id),
        "certificates": lambda user_id: select(Certificate.__table__).where(Certificate.user_id == user_id),
        "coupons": lambda user_id: select(Coupon.__table__).where(Coupon.user_id == user_id),
        "coupon_uses": lambda user_id: select(CouponUse.__table__).where(CouponUse.user_id == user_id),
        "disputes": lambda user_id: select(Dispute.__table__).where(Dispute.order_id.in_(_orders_of(user_id))),
    },
    erase,
)
