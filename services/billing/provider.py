"""What billing asks of a payment provider; stripe_gateway.py answers."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from services.billing.sightings import Sighting
from services.billing.stripe_events import VerifiedEvent
from shared.slots import Slot

# Of requests that call the provider, which may take seconds. Of one buyer half: somebody who clicks fifty times gets
# the same order fifty times.
CALLS = Slot("calls of the payment provider", size=10, queue=90, share=50, wait_seconds=8.0)


class ProviderUnavailable(Exception):
    """No answer, or "not now". What the provider did is unknown: ask again with the same key."""


class AttemptSpent(Exception):
    """The provider answered this key with an error and will repeat it: go on with the next attempt's key."""


class CheckoutRefused(Exception):
    """The provider will not take this payment, however often it is asked: its amount or currency is not acceptable."""


class RefundRefused(Exception):
    """The provider will not give this money back, however often it is asked."""


@dataclass(frozen=True)
class RefundTerms:
    """What a refund is made of; `request_id` is the wish it fulfils and marks it at the provider."""

    request_id: UUID
    order_id: UUID
    intent_id: str
    amount: int

    def key(self, attempt: int) -> str:
        """The idempotency key of an attempt."""
        return f"refund:{self.request_id}:{attempt}"


@dataclass(frozen=True)
class CheckoutTerms:
    """All that a session is made of. The same key must always come with the same terms, so they are stored before
    the call. `amount` is in minor units."""

    order_id: UUID
    user_id: UUID
    course_id: UUID
    title: str
    amount: int
    currency: str
    attempt: int
    key: str
    expires_at: datetime

    @property
    def marks(self) -> dict[str, str]:
        """The metadata by which a session of ours is recognised later."""
        return {
            "order_id": str(self.order_id),
            "user_id": str(self.user_id),
            "course_id": str(self.course_id),
            "attempt": str(self.attempt),
        }


@dataclass(frozen=True)
class OpenSession:
    """A page where the learner can pay until `expires_at`."""

    id: str
    url: str
    expires_at: datetime


class Provider(Protocol):
    """Every method raises ProviderUnavailable when there is no answer. Never call one inside a transaction."""

    def open_session(self, terms: CheckoutTerms) -> OpenSession:
        """The session of the terms' key, made now or before. Raises AttemptSpent, CheckoutRefused."""

    def expire_session(self, session_id: str) -> None:
        """Nobody can pay at it any more; nothing happens to one that is paid or over."""

    def find_session(self, terms: CheckoutTerms) -> OpenSession | None:
        """The open session of these terms, should one exist although its making was answered with an error."""

    def fetch_session(self, session_id: str) -> Sighting | None:
        """The session as it is now."""

    def fetch_payment(self, intent_id: str) -> Sighting | None:
        """The session that a payment belongs to as it is now, with all its refunds and disputes."""

    def list_sightings(self, since: datetime) -> Iterator[Sighting]:
        """Every session made since then, and every one whose money went back or is questioned since then."""

    def list_events(self, since: datetime) -> Iterator[VerifiedEvent]:
        """Every event since then of a kind that matters here."""

    def refund_payment(self, terms: RefundTerms) -> None:
        """Makes the refund, unless it exists already. Raises RefundRefused."""
