"""Stripe's objects, read into what billing knows of a payment."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID

import stripe
from pydantic import BaseModel

from services.billing import stripe_shapes
from services.billing.provider import OpenSession
from services.billing.sightings import BuyerData, Dispute, Fee, Refund, Sighting
from services.billing.stripe_shapes import BalanceTransaction, Charge, CheckoutSession, PaymentIntent

Shape = TypeVar("Shape", bound=BaseModel)
REFUND_STATUSES = {"succeeded": "succeeded", "failed": "failed", "canceled": "failed"}
DISPUTE_STATUSES = {"won": "won", "lost": "lost", "warning_closed": "won", "prevented": "won"}


def shape(wanted: type[Shape], found: stripe.StripeObject) -> Shape:
    """What billing reads of an object of the SDK."""
    return wanted.model_validate(found.to_dict())


def read_open_session(session: CheckoutSession) -> OpenSession:
    """Where to pay, and until when."""
    return OpenSession(session.id, session.url or "", datetime.fromtimestamp(session.expires_at, UTC))


def read_session(
    session: CheckoutSession, refunds: Mapping[str, Refund], disputes: Sequence[stripe_shapes.Dispute]
) -> Sighting:
    """What the session, its expanded payment and the refunds and disputes listed beside it say."""
    intent, charge = intent_of(session), charge_of(session)
    paid = session.status == "complete" and session.payment_status == "paid"
    moved = charge.created if charge else session.created
    return Sighting(
        session_id=session.id,
        order_id=_uuid(session.client_reference_id),
        marks=session.metadata or {},
        amount=intent.amount_received if intent and paid else session.amount_total or 0,
        currency=(session.currency or "").upper(),
        paid_at=datetime.fromtimestamp(moved, UTC) if paid else None,
        failure="" if paid else _failure(session, intent),
        processing_at=datetime.fromtimestamp(moved, UTC) if _under_way(session, intent) else None,
        intent_id=intent.id if intent else None,
        refunds=refunds,
        disputes={dispute.id: read_dispute(dispute) for dispute in disputes},
        tax_amount=session.total_details.amount_tax if session.total_details else 0,
        tax_lines=tuple(_tax_lines(session)),
        fees=dict(_fees(charge, disputes)),
        buyer=_buyer(session) if paid else None,
    )


def _tax_lines(session: CheckoutSession) -> Iterator[dict[str, Any]]:
    breakdown = session.total_details.breakdown if session.total_details else None
    for tax in breakdown.taxes if breakdown else ():
        percentage = tax.rate.effective_percentage or tax.rate.percentage
        jurisdiction = tax.rate.jurisdiction or tax.rate.country or ""
        yield {
            "name": tax.rate.display_name,
            "rate": str(percentage),
            "jurisdiction": jurisdiction,
            "amount": tax.amount,
            "taxable_amount": tax.taxable_amount,
            "reason": tax.taxability_reason,
        }


def _fees(charge: Charge | None, disputes: Sequence[stripe_shapes.Dispute]) -> Iterator[tuple[str, Fee]]:
    moved = [charge.balance_transaction] if charge else []
    for transaction in [*moved, *(found for dispute in disputes for found in dispute.balance_transactions)]:
        if isinstance(transaction, BalanceTransaction) and transaction.fee:
            yield transaction.id, Fee(transaction.fee, transaction.currency.upper())


def _buyer(session: CheckoutSession) -> BuyerData | None:
    given = session.customer_details
    if given is None:
        return None
    address = given.address
    town = " ".join(part for part in (address.postal_code, address.city, address.state) if part) if address else ""
    lines = (address.line1, address.line2, town, address.country) if address else ()
    return BuyerData(
        name=given.name or "",
        address_lines=tuple(line for line in lines if line),
        country=(address.country if address else None) or "",
        tax_id=next((tax.value for tax in given.tax_ids or () if tax.value), ""),
    )


def read_refund(refund: stripe_shapes.Refund) -> Refund:
    """Anything that is neither done nor failed is on its way."""
    return Refund(refund.amount, REFUND_STATUSES.get(refund.status or "", "pending"), request_id_of(refund))


def read_dispute(dispute: stripe_shapes.Dispute) -> Dispute:
    """Anything that is not decided is open."""
    return Dispute(dispute.amount, DISPUTE_STATUSES.get(dispute.status, "open"), dispute.reason)


def intent_of(session: CheckoutSession) -> PaymentIntent | None:
    """The session's payment, when it was expanded."""
    return session.payment_intent if isinstance(session.payment_intent, PaymentIntent) else None


def charge_of(session: CheckoutSession) -> Charge | None:
    """The latest attempt to pay, when it was expanded."""
    intent = intent_of(session)
    return intent.latest_charge if intent and isinstance(intent.latest_charge, Charge) else None


def request_id_of(refund: stripe_shapes.Refund) -> UUID | None:
    """The wish of ours that a refund fulfils."""
    return _uuid((refund.metadata or {}).get("refund_request_id"))


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text or "")
    except ValueError:
        return None


def _under_way(session: CheckoutSession, intent: PaymentIntent | None) -> bool:
    """The page was completed with a payment that takes days."""
    return session.status == "complete" and intent is not None and intent.status == "processing"


def _failure(session: CheckoutSession, intent: PaymentIntent | None) -> str:
    """Why the money will never come: the page expired, the payment was canceled (nobody can pay by it again, not even
    while its page is open), or a delayed payment bounced after the page was completed."""
    if session.status == "expired":
        return "session_expired"
    if intent is not None and intent.status == "canceled":
        return "payment_canceled"
    bounced = intent is not None and intent.status == "requires_payment_method"
    return "payment_failed" if session.status == "complete" and bounced else ""
