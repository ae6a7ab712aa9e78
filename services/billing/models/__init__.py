"""Tables of the billing service. Amounts are minor units of the currency beside them."""

from services.billing.models.declarative import Base
from services.billing.models.ledger import Buyer, Document, DocumentCounter, LedgerEntry, Payout, RevenueDay
from services.billing.models.movements import Dispute, Payment, Refund, RefundRequest
from services.billing.models.orders import CURRENT_STATUSES, Order, OrderLine, Product, Progress
from services.billing.models.records import Act, StripeEvent

__all__ = [
    "CURRENT_STATUSES",
    "Act",
    "Base",
    "Buyer",
    "Dispute",
    "Document",
    "DocumentCounter",
    "LedgerEntry",
    "Order",
    "OrderLine",
    "Payment",
    "Payout",
    "Product",
    "Progress",
    "Refund",
    "RefundRequest",
    "RevenueDay",
    "StripeEvent",
]
