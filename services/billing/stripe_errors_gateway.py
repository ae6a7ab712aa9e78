"""What Stripe's errors mean: ask again with the same key, or never."""

from collections.abc import Iterator
from contextlib import contextmanager

import stripe

from services.billing.provider import AttemptSpent, CheckoutRefused, ProviderUnavailable


def may_answer_later(error: stripe.StripeError) -> bool:
    """Stripe repeats what it answered once its work had begun, 500s included; everything here came before that
    (https://docs.stripe.com/api/idempotent_requests). 409: another request with this key is still at work."""
    before = (stripe.APIConnectionError, stripe.RateLimitError, stripe.AuthenticationError, stripe.PermissionError)
    return isinstance(error, before) or error.http_status in (409, 502, 503, 504)


def meaning_of(error: stripe.StripeError) -> Exception:
    """What an error says about a new session: not now, never with these terms, or not with this key."""
    if may_answer_later(error):
        return ProviderUnavailable(str(error))
    # Its time is worked out anew for each attempt; all else would be sent again as it was.
    if isinstance(error, stripe.InvalidRequestError) and error.param != "expires_at":
        return CheckoutRefused(str(error))
    return AttemptSpent(str(error))


@contextmanager
def unavailable() -> Iterator[None]:
    """Turns every error of the SDK into ProviderUnavailable."""
    try:
        yield
    except stripe.StripeError as error:
        raise ProviderUnavailable(f"{type(error).__name__}: {error}") from error


@contextmanager
def nothing_if_missing() -> Iterator[None]:
    """Ends the block when Stripe does not know the object, or the one that a list is filtered by."""
    try:
        yield
    except stripe.InvalidRequestError as error:
        if error.code != "resource_missing":
            raise
