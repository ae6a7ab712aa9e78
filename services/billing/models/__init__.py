"""Tables of the billing service. Amounts are minor units of the currency beside them."""

from services.billing.models.declarative import Base
from services.billing.models.movements import Dispute, Payment, Refund, RefundRequest
from services.billing.models.orders import CURRENT_STATUSES, Order, Product, Progress
from services.billing.models.records import Act, StripeEvent

__all__ = [
    "CURRENT_STATUSES",
    "Act",
    "Base",
    "Dispute",
    "Order",
    "Payment",
    "Product",
    "Progress",
    "Refund",
    "RefundRequest",
    "StripeEvent",
]
