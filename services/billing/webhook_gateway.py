"""Is this really from Stripe, and fresh? https://docs.stripe.com/webhooks#verify-manually"""

import re
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
import stripe

from services.billing.stripe_events import VerifiedEvent
from shared.errors import Problem
from shared.telemetry import get_logger

log = get_logger(__name__)

TOLERANCE_SECONDS = 300
EVENT_ID = re.compile(r"evt_[A-Za-z0-9_]{1,250}")
EVENT_TYPE = re.compile(r"[a-z0-9_.]{1,100}")
OBJECT_ID = re.compile(r"[A-Za-z0-9_]{1,255}")


class WebhookRefused(Problem):
    status, slug, title = 400, "webhook-refused", "This is not a webhook we accept"
    detail = "Signature, time or content is not right. Check the endpoint's signing secret and the server's clock."


def verify_event(body: bytes, signature: str | None, secrets: Sequence[str], livemode: bool) -> VerifiedEvent:
    """The event in a signed body. Raises WebhookRefused, the same whatever is wrong, so that nobody learns why; any
    other exception of SDK or parser is one too (the SDK raises UnicodeDecodeError, TypeError, AttributeError)."""
    try:
        _check_signature(body, signature or "", secrets)
        return read_event(body, livemode)
    except Exception as error:
        log.warning("webhook refused", reason=f"{type(error).__name__}: {str(error)[:200]}")
        raise WebhookRefused from error


def _check_signature(body: bytes, signature: str, secrets: Sequence[str]) -> None:
    # The SDK looks only for age: a time in the future would stay valid for as long as its maker wishes.
    signed_at = int(next(part[2:] for part in signature.split(",") if part.startswith("t=")))
    if signed_at > time.time() + TOLERANCE_SECONDS:
        raise ValueError("signed in the future")
    for secret in secrets:
        try:
            stripe.WebhookSignature.verify_header(body, signature, secret, TOLERANCE_SECONDS)
        except stripe.SignatureVerificationError as error:
            last: Exception = error
        else:
            return
    raise last if secrets else ValueError("no webhook secret is configured")


def read_event(body: bytes, livemode: bool) -> VerifiedEvent:
    """The event in a body that is known to be Stripe's. Raises whatever a wrong shape makes of it."""
    event = orjson.loads(body)
    if event["livemode"] is not livemode:
        raise ValueError("of the other mode (test or live) than our key")
    if not EVENT_ID.fullmatch(event["id"]) or not EVENT_TYPE.fullmatch(event["type"]):
        raise ValueError("no id or type as Stripe makes them")
    data = event.get("data")
    subject = data.get("object") if isinstance(data, dict) else None
    subject = subject if isinstance(subject, dict) else {}
    api_version = event.get("api_version")
    return VerifiedEvent(
        id=event["id"],
        type=event["type"],
        api_version=api_version[:100].replace("\0", "") if isinstance(api_version, str) else None,
        livemode=livemode,
        created=datetime.fromtimestamp(event["created"], UTC),
        object_id=_identifier(subject.get("id")),
        intent_id=_identifier(subject.get("payment_intent")),
        body=body,
    )


def _identifier(value: Any) -> str | None:
    """A Stripe id; None for a shape we do not know, which the worker parks instead of guessing."""
    return value if isinstance(value, str) and OBJECT_ID.fullmatch(value) else None
