"""What billing reads of Stripe's objects, by Stripe's names; the SDK makes objects of their hundred other members as
well. Amounts are minor units, times are Unix seconds; what may be null may be missing (https://docs.stripe.com/api)."""

from pydantic import BaseModel


class BalanceTransaction(BaseModel):
    id: str
    fee: int
    currency: str


class Charge(BaseModel):
    """An attempt to pay."""

    created: int
    amount_refunded: int
    disputed: bool
    # The id where it was not expanded; so with the others below.
    balance_transaction: BalanceTransaction | str | None = None


class PaymentIntent(BaseModel):
    """A payment, with its latest attempt."""

    id: str
    status: str
    amount_received: int
    latest_charge: Charge | str | None = None


class TaxRate(BaseModel):
    display_name: str
    percentage: int | float
    effective_percentage: int | float | None = None
    jurisdiction: str | None = None
    country: str | None = None


class Tax(BaseModel):
    """A line of Stripe Tax."""

    amount: int
    rate: TaxRate
    taxable_amount: int | None = None
    taxability_reason: str | None = None


class Breakdown(BaseModel):
    taxes: list[Tax]


class TotalDetails(BaseModel):
    """How the total came about."""

    amount_tax: int
    breakdown: Breakdown | None = None


class Address(BaseModel):
    line1: str | None = None
    line2: str | None = None
    postal_code: str | None = None
    city: str | None = None
    state: str | None = None
    country: str | None = None


class TaxId(BaseModel):
    value: str | None = None


class CustomerDetails(BaseModel):
    """Who paid, as they gave it."""

    name: str | None = None
    address: Address | None = None
    tax_ids: list[TaxId] | None = None


class Refund(BaseModel):
    """Money on its way back."""

    id: str
    amount: int
    status: str | None = None
    metadata: dict[str, str] | None = None


class Dispute(BaseModel):
    """A payment that its payer questions at their bank."""

    id: str
    amount: int
    status: str
    reason: str
    balance_transactions: list[BalanceTransaction]


class CheckoutSession(BaseModel):
    """A payment page, with its payment."""

    id: str
    url: str | None = None
    created: int
    expires_at: int
    status: str | None = None
    payment_status: str
    client_reference_id: str | None = None
    metadata: dict[str, str] | None = None
    amount_total: int | None = None
    currency: str | None = None
    payment_intent: PaymentIntent | str | None = None
    total_details: TotalDetails | None = None
    customer_details: CustomerDetails | None = None
