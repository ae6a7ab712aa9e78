"""What billing reads of Stripe's objects, by Stripe's names; the SDK makes objects of their hundred other members as
well. Amounts are minor units, times are Unix seconds (https://docs.stripe.com/api)."""

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
    balance_transaction: BalanceTransaction | str | None


class PaymentIntent(BaseModel):
    """A payment, with its latest attempt."""

    id: str
    status: str
    amount_received: int
    latest_charge: Charge | str | None


class TaxRate(BaseModel):
    display_name: str
    percentage: int | float
    effective_percentage: int | float | None
    jurisdiction: str | None
    country: str | None


class Tax(BaseModel):
    """A line of Stripe Tax."""

    amount: int
    rate: TaxRate
    taxable_amount: int | None
    taxability_reason: str | None


class Breakdown(BaseModel):
    taxes: list[Tax]


class TotalDetails(BaseModel):
    """How the total came about."""

    amount_tax: int
    breakdown: Breakdown | None = None


class Address(BaseModel):
    line1: str | None
    line2: str | None
    postal_code: str | None
    city: str | None
    state: str | None
    country: str | None


class TaxId(BaseModel):
    value: str | None


class CustomerDetails(BaseModel):
    """Who paid, as they gave it."""

    name: str | None
    address: Address | None
    tax_ids: list[TaxId] | None


class Refund(BaseModel):
    """Money on its way back."""

    id: str
    amount: int
    status: str | None
    metadata: dict[str, str] | None


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
    url: str | None
    created: int
    expires_at: int
    status: str | None
    payment_status: str
    client_reference_id: str | None
    metadata: dict[str, str] | None
    amount_total: int | None
    currency: str | None
    payment_intent: PaymentIntent | str | None
    total_details: TotalDetails | None
    customer_details: CustomerDetails | None
