"""Stripe by its official SDK. Its address is a setting, so that tests swap the far end and not this code."""

import logging
import weakref
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote_plus

import requests
import stripe

from services.billing import stripe_shapes
from services.billing.provider import (
    CheckoutTerms,
    OpenSession,
    ProviderUnavailable,
    RefundRefused,
    RefundTerms,
)
from services.billing.sightings import Refund, Sighting
from services.billing.stripe_errors_gateway import may_answer_later, meaning_of, nothing_if_missing, unavailable
from services.billing.stripe_events import HANDLED_TYPES, VerifiedEvent
from services.billing.stripe_objects_gateway import (
    charge_of,
    intent_of,
    read_open_session,
    read_refund,
    read_session,
    shape,
)
from services.billing.stripe_shapes import CheckoutSession
from services.billing.webhook_gateway import read_event

# Seconds to connect and to read. With two retries the worst case stays below the gateway's 30.
TIMEOUT = (2, 7)
RETRIES = 2
CONNECTIONS = 20
EXPANDED = ("payment_intent.latest_charge.balance_transaction", "total_details.breakdown")
# A stored error is looked into right after it happened, so our session is among the newest.
LONGEST_SEARCH = 500
REFUND_ATTEMPTS = 3

# The SDK would keep an id in a file of the user's home and tell each request's duration with the next one.
stripe.enable_telemetry = False
# At INFO it writes two lines a request.
logging.getLogger("stripe").setLevel(logging.WARNING)


class StripeGateway:
    """A payment provider (provider.Provider). One per process; safe to use from several threads."""

    def __init__(self, api_key: str, api_base: str, frontend_url: str, automatic_tax: bool = False) -> None:
        # One pool of connections for all threads: by itself the SDK makes a session, so a TLS handshake, per thread.
        session = requests.Session()
        # By itself requests goes wherever an answer sends it, and looks for proxies and .netrc at each call.
        session.max_redirects, session.trust_env = 0, False
        session.proxies = requests.utils.get_environ_proxies(api_base)
        session.mount(api_base, requests.adapters.HTTPAdapter(pool_maxsize=CONNECTIONS))
        weakref.finalize(self, session.close)
        self._client = stripe.StripeClient(
            api_key or "sk_test_not_configured",
            base_addresses={"api": api_base},
            http_client=stripe.RequestsClient(timeout=TIMEOUT, session=session),
            max_network_retries=RETRIES,
        )
        self._automatic_tax = automatic_tax
        self._return_url = f"{frontend_url}/payments/return?order={{order}}&session={{{{CHECKOUT_SESSION_ID}}}}"
        self._cancel_url = f"{frontend_url}/payments/cancelled?order={{order}}"

    def open_session(self, terms: CheckoutTerms) -> OpenSession:
        """See Provider."""
        order = str(terms.order_id)
        price = {
            "currency": terms.currency.lower(),
            "unit_amount": terms.amount,
            # What the course page says is what is paid, tax or not.
            "tax_behavior": "inclusive",
            "product_data": {"name": terms.title, "metadata": {"course_id": str(terms.course_id)}},
        }
        params: Any = {
            "mode": "payment",
            "client_reference_id": order,
            "metadata": terms.marks,
            "payment_intent_data": {"metadata": terms.marks},
            "line_items": [{"quantity": 1, "price_data": price}],
            "expires_at": int(terms.expires_at.timestamp()),
            "success_url": self._return_url.format(order=order),
            "cancel_url": self._cancel_url.format(order=order),
        }
        if self._automatic_tax:
            params |= {"automatic_tax": {"enabled": True}, "tax_id_collection": {"enabled": True}}
        try:
            created = self._client.v1.checkout.sessions.create(params, {"idempotency_key": terms.key})
        except stripe.StripeError as error:
            raise meaning_of(error) from error
        return read_open_session(shape(CheckoutSession, created))

    def expire_session(self, session_id: str) -> None:
        """See Provider."""
        with unavailable(), suppress(stripe.InvalidRequestError):
            self._client.v1.checkout.sessions.expire(session_id)

    def find_session(self, terms: CheckoutTerms) -> OpenSession | None:
        """See Provider. Stripe cannot search by our id, so the newest sessions are looked through."""
        since = int((terms.expires_at - timedelta(hours=1)).timestamp())
        with unavailable():
            newest = self._client.v1.checkout.sessions.list({"created": {"gte": since}, "limit": 100, "status": "open"})
            for number, found in enumerate(newest.auto_paging_iter()):
                session = shape(CheckoutSession, found)
                if session.metadata == terms.marks:
                    return read_open_session(session)
                if number >= LONGEST_SEARCH:
                    break
        return None

    def fetch_session(self, session_id: str) -> Sighting | None:
        """See Provider. One round trip unless something was refunded or disputed."""
        with unavailable(), nothing_if_missing():
            # Asked for each payment, so not made into objects of the SDK, which would take as long as the call.
            path = f"/v1/checkout/sessions/{quote_plus(session_id)}"
            found = self._client.raw_request("get", path, expand=list(EXPANDED))
            return self._sighting(CheckoutSession.model_validate(found.data))
        return None

    def fetch_payment(self, intent_id: str) -> Sighting | None:
        """See Provider."""
        with unavailable(), nothing_if_missing():
            query = {"payment_intent": intent_id, "limit": 1, "expand": [f"data.{path}" for path in EXPANDED]}
            found = self._client.v1.checkout.sessions.list(query).data  # type: ignore[arg-type]
            return self._sighting(shape(CheckoutSession, found[0]), thorough=True) if found else None
        return None

    def list_sightings(self, since: datetime) -> Iterator[Sighting]:
        """See Provider."""
        made = {"created": {"gte": int(since.timestamp())}, "limit": 100}
        expanded: Any = {**made, "expand": [f"data.{path}" for path in EXPANDED]}
        moved = set[str]()
        with unavailable():
            for session in self._client.v1.checkout.sessions.list(expanded).auto_paging_iter():
                yield self._sighting(shape(CheckoutSession, session))
            for listed in (self._client.v1.refunds.list(made), self._client.v1.disputes.list(made)):  # type: ignore[arg-type]
                for movement in listed.auto_paging_iter():
                    moved.add(str(movement.payment_intent))
        for intent in moved:
            if (sighting := self.fetch_payment(intent)) is not None:
                yield sighting

    def list_events(self, since: datetime) -> Iterator[VerifiedEvent]:
        """See Provider."""
        wanted: Any = {"created": {"gte": int(since.timestamp())}, "types": sorted(HANDLED_TYPES), "limit": 100}
        with unavailable():
            for event in self._client.v1.events.list(wanted).auto_paging_iter():
                yield read_event(str(event).encode(), event.livemode)

    def refund_payment(self, terms: RefundTerms) -> None:
        """See Provider. Stripe repeats a 500 under its key whether or not the refund was made, so what exists is looked
        at before each key; the sequence of keys is the same however often this is called."""
        params: Any = {
            "payment_intent": terms.intent_id,
            "amount": terms.amount,
            "metadata": {"refund_request_id": str(terms.request_id), "order_id": str(terms.order_id)},
        }
        for attempt in range(1, REFUND_ATTEMPTS + 1):
            with unavailable():
                made = self._refunds(terms.intent_id).values()
            if any(refund.request_id == terms.request_id for refund in made):
                return
            try:
                self._client.v1.refunds.create(params, {"idempotency_key": terms.key(attempt)})
            except stripe.StripeError as error:
                if may_answer_later(error):
                    raise ProviderUnavailable(str(error)) from error
                if isinstance(error, stripe.InvalidRequestError):
                    raise RefundRefused(str(error)) from error
            else:
                return
        raise ProviderUnavailable("the refund's attempts were all answered with an error")

    def _sighting(self, session: CheckoutSession, thorough: bool = False) -> Sighting:
        intent, charge = intent_of(session), charge_of(session)
        # What never arrived can neither go back nor be questioned.
        paid = intent if intent and intent.amount_received else None
        return read_session(
            session,
            self._refunds(paid.id) if paid and (thorough or (charge and charge.amount_refunded)) else {},
            self._disputes(paid.id) if paid and (thorough or (charge and charge.disputed)) else [],
        )

    def _refunds(self, intent_id: str) -> dict[str, Refund]:
        found = self._client.v1.refunds.list({"payment_intent": intent_id, "limit": 100})
        return {one.id: read_refund(shape(stripe_shapes.Refund, one)) for one in found.auto_paging_iter()}

    def _disputes(self, intent_id: str) -> list[stripe_shapes.Dispute]:
        found = self._client.v1.disputes.list({"payment_intent": intent_id, "limit": 100})
        return [shape(stripe_shapes.Dispute, dispute) for dispute in found.auto_paging_iter()]
