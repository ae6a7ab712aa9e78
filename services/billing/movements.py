"""What is known of an order's money, in the tables: payments, refunds, wishes to refund, disputes."""

from typing import Any
from uuid import UUID

from sqlalchemy import text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.billing.facts import Facts
from services.billing.models import Dispute as DisputeRow
from services.billing.models import Order, Payment, RefundRequest
from services.billing.models import Refund as RefundRow
from services.billing.sightings import Dispute, Refund, Sighting
from shared.prepared import hot
from shared.transactions import later

# One round trip for what is nearly always nothing.
MOVEMENTS = hot(
    text("""
    SELECT
        (SELECT coalesce(sum(amount), 0)::int FROM refund_requests WHERE order_id = :order_id AND status = 'requested')
            AS requested,
        (SELECT coalesce(jsonb_agg(jsonb_build_array(id, amount, status, request_id)), '[]') FROM refunds
            WHERE order_id = :order_id) AS refunds,
        (SELECT coalesce(jsonb_agg(jsonb_build_array(id, amount, status, reason)), '[]') FROM disputes
            WHERE order_id = :order_id) AS disputes
""")
)
_PAYMENTS: Any = Payment.__table__
STORE_PAYMENT = later(hot(insert(_PAYMENTS).on_conflict_do_nothing().inline()))


def load_facts(session: Session, order: Order) -> Facts:
    """All that is known of a locked order's money."""
    # Wishes that this transaction added.
    session.flush()
    moved = session.execute(MOVEMENTS, {"order_id": order.id}).one()
    return Facts(
        amount=order.amount,
        currency=order.currency,
        paid_amount=order.paid_amount,
        paid_currency=order.paid_currency,
        paid_at=order.paid_at,
        failure=order.failure,
        given_up=order.given_up_at is not None,
        processing_at=order.processing_at,
        stray_session=order.stray_session,
        stray_returned=order.stray_returned,
        refund_requested=moved.requested,
        refunds={name: Refund(amount, status, wish and UUID(wish)) for name, amount, status, wish in moved.refunds},
        disputes={name: Dispute(amount, status, reason) for name, amount, status, reason in moved.disputes},
    )


def store_movements(session: Session, order: Order, sighting: Sighting, facts: Facts) -> None:
    """Stores what the order's facts have become."""
    for key, refund in facts.refunds.items():
        row = RefundRow(id=key, order_id=order.id, amount=refund.amount, status=refund.status)
        row.request_id = refund.request_id
        session.merge(row)
    if taken_up := [refund.request_id for refund in facts.refunds.values() if refund.request_id]:
        session.execute(update(RefundRequest).where(RefundRequest.id.in_(taken_up)).values(status="sent"))
    for key, dispute in facts.disputes.items():
        dispute_row = DisputeRow(
            id=key, order_id=order.id, amount=dispute.amount, status=dispute.status, reason=dispute.reason
        )
        session.merge(dispute_row)
    if sighting.paid_at and sighting.intent_id:
        payment = {
            "id": sighting.intent_id,
            "order_id": order.id,
            "session_id": sighting.session_id,
            "amount": sighting.amount,
            "currency": sighting.currency,
            "paid_at": sighting.paid_at,
        }
        session.execute(STORE_PAYMENT, payment)
