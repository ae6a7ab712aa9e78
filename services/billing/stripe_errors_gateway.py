"""What Stripe's errors mean: ask again with the same key, or never."""

from collections.abc import Iterator
from contextlib import contextmanager

import stripe

from services.billing.provider import ProviderUnavailable


def may_answer_later(error: stripe.StripeError) -> bool:
    """Stripe repeats what it answered once its work had begun, 500s included; everything here came before that
    (https://docs.stripe.com/api/idempotent_requests). 409: another request with this key is still at work."""
    before = (stripe.APIConnectionError, stripe.RateLimitError, stripe.AuthenticationError, stripe.PermissionError)
    return isinstance(error, before) or error.http_status in (409, 502, 503, 504)


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
