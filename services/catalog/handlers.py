"""Events in: billing's facts become access."""

from services.catalog.learning import payments
from services.catalog.privacy import PRIVACY
from shared.events import DisputeClosed, PaymentDisputed, PaymentRefunded, PaymentSucceeded
from shared.inbox import Handlers

HANDLERS = Handlers(
    events={
        PaymentSucceeded: payments.record_payment,
        PaymentRefunded: payments.record_refund,
        PaymentDisputed: payments.record_dispute,
        DisputeClosed: payments.record_dispute_outcome,
        **PRIVACY.handlers(),
    }
)
