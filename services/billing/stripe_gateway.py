"""Stripe by its official SDK. Its address is a setting, so that tests swap the far end and not this code."""

import logging
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import requests
import stripe
from stripe.checkout import Session

from services.billing.facts import Dispute, Refund, Sighting
from services.billing.provider import AttemptSpent, CheckoutTerms, OpenSession, ProviderUnavailable

# Seconds to connect and to read. With two retries the worst case stays below the gateway's 30.
TIMEOUT = (2, 7)
RETRIES = 2
CONNECTIONS = 20
EXPANDED = "payment_intent.latest_charge"
# A stored error is looked into right after it happened, so our session is among the newest.
LONGEST_SEARCH = 500
REFUND_STATUSES = {"succeeded": "succeeded", "failed": "failed", "canceled": "failed"}
DISPUTE_STATUSES = {"won": "won", "lost": "lost", "warning_closed": "won", "prevented": "won"}

# The SDK would keep an id in a file of the user's home and tell each request's duration with the next one.
stripe.enable_telemetry = False
# At INFO it writes two lines a request.
logging.getLogger("stripe").setLevel(logging.WARNING)


class StripeGateway:
    """A payment provider (provider.Provider). One per process; safe to use from several threads."""

    def __init__(self, api_key: str, api_base: str, frontend_url: str) -> None:
        # One pool of connections for all threads: by itself the SDK makes a session, so a TLS handshake, per thread.
        session = requests.Session()
        session.mount(api_base, requests.adapters.HTTPAdapter(pool_maxsize=CONNECTIONS))
        weakref.finalize(self, session.close)
        self._client = stripe.StripeClient(
            api_key or "sk_test_not_configured",
            base_addresses={"api": api_base},
            http_client=stripe.RequestsClient(timeout=TIMEOUT, session=session),
            max_network_retries=RETRIES,
        )
        self._return_url = f"{frontend_url}/payments/return?order={{order}}&session={{{{CHECKOUT_SESSION_ID}}}}"
        self._cancel_url = f"{frontend_url}/payments/cancelled?order={{order}}"

    def open_session(self, terms: CheckoutTerms) -> OpenSession:
        """See Provider."""
        order = str(terms.order_id)
        price = {
            "currency": terms.currency.lower(),
            "unit_amount": terms.amount,
            "product_data": {"name": terms.title, "metadata": {"course_id": str(terms.course_id)}},
        }
        params = {
            "mode": "payment",
            "client_reference_id": order,
            "metadata": terms.marks,
            "payment_intent_data": {"metadata": terms.marks},
            "line_items": [{"quantity": 1, "price_data": price}],
            "expires_at": int(terms.expires_at.timestamp()),
            "success_url": self._return_url.format(order=order),
            "cancel_url": self._cancel_url.format(order=order),
        }
        try:
            created = self._client.v1.checkout.sessions.create(params, {"idempotency_key": terms.key})  # type: ignore[arg-type]
        except stripe.StripeError as error:
            if _may_answer_later(error):
                raise ProviderUnavailable(str(error)) from error
            raise AttemptSpent(str(error)) from error
        return _opened(created)

    def find_session(self, terms: CheckoutTerms) -> OpenSession | None:
        """See Provider. Stripe cannot search by our id, so the newest sessions are looked through."""
        since = int((terms.expires_at - timedelta(hours=1)).timestamp())
        with _unavailable():
            newest = self._client.v1.checkout.sessions.list({"created": {"gte": since}, "limit": 100, "status": "open"})
            for number, session in enumerate(newest.auto_paging_iter()):
                if _marks(session) == terms.marks:
                    return _opened(session)
                if number >= LONGEST_SEARCH:
                    break
        return None

    def fetch_session(self, session_id: str) -> Sighting | None:
        """See Provider. One round trip unless something was refunded or disputed."""
        with _unavailable():
            try:
                session = self._client.v1.checkout.sessions.retrieve(session_id, {"expand": [EXPANDED]})
            except stripe.InvalidRequestError as error:
                if error.code == "resource_missing":
                    return None
                raise
            return self._sighting(session)

    def fetch_payment(self, intent_id: str) -> Sighting | None:
        """See Provider."""
        with _unavailable():
            query = {"payment_intent": intent_id, "limit": 1, "expand": [f"data.{EXPANDED}"]}
            found = self._client.v1.checkout.sessions.list(query).data  # type: ignore[arg-type]
            return self._sighting(found[0], thorough=True) if found else None

    def _sighting(self, session: Session, thorough: bool = False) -> Sighting:
        intent = session.payment_intent if isinstance(session.payment_intent, stripe.PaymentIntent) else None
        charge = intent.latest_charge if intent and isinstance(intent.latest_charge, stripe.Charge) else None
        paid = session.status == "complete" and session.payment_status == "paid"
        moved = charge.created if charge else session.created
        return Sighting(
            session_id=session.id,
            order_id=_uuid(session.client_reference_id),
            marks=_marks(session),
            amount=intent.amount_received if intent and paid else session.amount_total or 0,
            currency=(session.currency or "").upper(),
            paid_at=datetime.fromtimestamp(moved, UTC) if paid else None,
            failure="" if paid else _failure(session, intent),
            intent_id=intent.id if intent else None,
            refunds=self._refunds(intent) if intent and (thorough or (charge and charge.amount_refunded)) else {},
            disputes=self._disputes(intent) if intent and (thorough or (charge and charge.disputed)) else {},
        )

    def _refunds(self, intent: stripe.PaymentIntent) -> dict[str, Refund]:
        found = self._client.v1.refunds.list({"payment_intent": intent.id, "limit": 100})
        return {
            refund.id: Refund(refund.amount, REFUND_STATUSES.get(refund.status or "", "pending"))
            for refund in found.auto_paging_iter()
        }

    def _disputes(self, intent: stripe.PaymentIntent) -> dict[str, Dispute]:
        found = self._client.v1.disputes.list({"payment_intent": intent.id, "limit": 100})
        return {
            dispute.id: Dispute(dispute.amount, DISPUTE_STATUSES.get(dispute.status, "open"), dispute.reason)
            for dispute in found.auto_paging_iter()
        }


def _may_answer_later(error: stripe.StripeError) -> bool:
    """Stripe repeats what it answered once its work had begun, 500s included; everything here came before that
    (https://docs.stripe.com/api/idempotent_requests). 409: another request with this key is still at work."""
    before = (stripe.APIConnectionError, stripe.RateLimitError, stripe.AuthenticationError, stripe.PermissionError)
    return isinstance(error, before) or error.http_status in (409, 502, 503, 504)


@contextmanager
def _unavailable() -> Iterator[None]:
    try:
        yield
    except stripe.StripeError as error:
        raise ProviderUnavailable(f"{type(error).__name__}: {error}") from error


def _opened(session: Session) -> OpenSession:
    return OpenSession(session.id, session.url or "", datetime.fromtimestamp(session.expires_at, UTC))


def _marks(session: Session) -> dict[str, str]:
    # The type says dict; what comes is an object of the SDK that is not even iterable.
    marks: Any = session.metadata
    return marks.to_dict() if marks else {}


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text or "")
    except ValueError:
        return None


def _failure(session: Session, intent: stripe.PaymentIntent | None) -> str:
    """Why the money will never come: the page expired, or a delayed payment bounced after the page was completed."""
    if session.status == "expired":
        return "session_expired"
    bounced = intent is not None and intent.status in ("requires_payment_method", "canceled")
    return "payment_failed" if session.status == "complete" and bounced else ""
