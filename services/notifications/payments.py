"""What learners are told about their payments."""

from services.notifications.notices import Notice, compose
from shared.currencies import written_amount
from shared.events import DisputeClosed, PaymentDisputed, PaymentFailed, PaymentRefunded, PaymentSucceeded
from shared.events.billing import PaymentEvent


def receipt(event: PaymentSucceeded) -> Notice:
    """Once per order. Where no money moved, as with a coupon for all of the price, it is no receipt."""
    if event.amount == 0:
        return _about("free_order", event.order_id, event)
    return _about("receipt", event.order_id, event, paid_on=f"{event.paid_at:%Y-%m-%d}")


def failure(event: PaymentFailed) -> Notice:
    """Once per order: nothing was charged."""
    return _about("payment_failed", event.order_id, event)


def refund(event: PaymentRefunded) -> Notice:
    """Once per amount: partial refunds of one order add up."""
    refunded = written_amount(event.refunded_amount, event.currency)
    fact = f"{event.order_id}:{event.refunded_amount}"
    return _about("refund", fact, event, refunded=refunded, full="yes" if event.full else "")


def dispute_opened(event: PaymentDisputed) -> Notice:
    """Once per dispute: access rests until it is decided."""
    return _about("payment_disputed", event.dispute_id, event)


def dispute_closed(event: DisputeClosed) -> Notice:
    """Once per dispute; `won` by the academy means that access is back."""
    return _about("dispute_closed", event.dispute_id, event, won="yes" if event.won else "")


def _about(kind: str, fact: object, event: PaymentEvent, **facts: str) -> Notice:
    amount = written_amount(event.amount, event.currency)
    return compose(
        kind, fact, f"/orders/{event.order_id}", course=event.course_title, amount=amount, order=str(event.order_id),
        **facts,
    )  # fmt: skip
