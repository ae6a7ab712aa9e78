"""Tables of the billing service. Amounts are minor units of the currency beside them."""

from services.billing.models.declarative import Base
from services.billing.models.ledger import Buyer, Document, DocumentCounter, LedgerEntry, Payout, RevenueDay
from services.billing.models.movements import Dispute, Payment, Refund, RefundRequest
from services.billing.models.orders import CURRENT_STATUSES, LessonUsed, Order, OrderLine, Product, Progress
from services.billing.models.records import StripeEvent
from services.billing.models.selling import Coupon, CouponUse, Price
from services.billing.models.watching import Certificate, Enrollment, Mismatch, OrderStep, PullCursor

__all__ = [
    "CURRENT_STATUSES",
    "Base",
    "Buyer",
    "Certificate",
    "Coupon",
    "CouponUse",
    "Dispute",
    "Document",
    "DocumentCounter",
    "Enrollment",
    "LedgerEntry",
    "LessonUsed",
    "Mismatch",
    "Order",
    "OrderLine",
    "OrderStep",
    "Payment",
    "Payout",
    "Price",
    "Product",
    "Progress",
    "PullCursor",
    "Refund",
    "RefundRequest",
    "RevenueDay",
    "StripeEvent",
]
