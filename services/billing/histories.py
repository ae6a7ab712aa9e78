"""One order from the click to the last cent, for whoever has to explain it."""

from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.billing.documents import list_documents
from services.billing.models import Dispute, Order
from services.billing.orders import OrderNotFound
from services.billing.refunds import list_refunds
from services.billing.timeline import list_steps


def read_history(session: Session, order_id: UUID) -> dict[str, Any]:
    """Anybody's order with its steps, refunds, disputes and documents. Raises OrderNotFound."""
    order = session.get(Order, order_id)
    if order is None:
        raise OrderNotFound
    return {
        "order": order,
        "steps": list_steps(session, order.id, order.user_id),
        "refunds": list_refunds(session, order),
        "disputes": _list_disputes(session, order),
        "documents": list_documents(session, order.id, order.user_id),
    }


def _list_disputes(session: Session, order: Order) -> list[dict[str, Any]]:
    found = select(Dispute).where(Dispute.order_id == order.id).order_by(Dispute.updated_at)
    return [
        {
            "id": dispute.id,
            "status": dispute.status,
            "amount": {"amount": dispute.amount, "currency": order.currency},
            "reason": dispute.reason,
            "updated_at": dispute.updated_at,
        }
        for dispute in session.scalars(found)
    ]
