"""Charges: one per attempt to take the money."""

from typing import Literal

from ops.stripe_simulator.account import Account
from ops.stripe_simulator.errors import ObjectMissing, StateForbids
from ops.stripe_simulator.identifiers import new_id, now
from ops.stripe_simulator.intents import check_filter
from ops.stripe_simulator.listing import equals, list_objects
from ops.stripe_simulator.parameters import Body, refuse_unknown

Method = Literal["card", "sepa_debit"]

_KIND = "charge"
_ABSENT = (
    "application",
    "application_fee",
    "application_fee_amount",
    "failure_balance_transaction",
    "failure_code",
    "failure_message",
    "on_behalf_of",
    "receipt_email",
    "receipt_number",
    "receipt_url",
    "review",
    "shipping",
    "source_transfer",
    "statement_descriptor",
    "statement_descriptor_suffix",
    "transfer_data",
    "transfer_group",
)
_CARD = {"brand": "visa", "country": "US", "exp_month": 12, "exp_year": 2040, "funding": "credit", "last4": "4242"}
_DEBIT = {"bank_code": "37040044", "country": "DE", "last4": "3000"}
APPROVED = {"network_status": "approved_by_network", "reason": None, "risk_level": "normal", "type": "authorized"}
DECLINED = {"network_status": "declined_by_network", "reason": "generic_decline", "type": "issuer_declined"}


def new_charge(intent: Body, method: Method, email: str | None) -> Body:
    """Returns a pending charge for the whole intent; the caller decides how it ends and saves it."""
    nothing: Body = dict.fromkeys(_ABSENT)
    return nothing | {
        "id": new_id("ch"),
        "object": _KIND,
        "amount": intent["amount"],
        "amount_captured": 0,
        "amount_refunded": 0,
        "balance_transaction": None,
        "billing_details": {"address": None, "email": email, "name": None, "phone": None, "tax_id": None},
        "calculated_statement_descriptor": "SIMULATED",
        "captured": False,
        "created": now(),
        "currency": intent["currency"],
        "customer": intent["customer"],
        "description": intent["description"],
        "disputed": False,
        "fraud_details": {},
        "livemode": False,
        "metadata": intent["metadata"],
        "outcome": None,
        "paid": False,
        "payment_intent": intent["id"],
        "payment_method": new_id("pm"),
        "payment_method_details": {"type": method, method: _CARD if method == "card" else _DEBIT},
        "refunded": False,
        "status": "pending",
    }


def get_charge(account: Account, charge_id: str) -> Body:
    """Returns the charge; raises ObjectMissing."""
    return account.store.get(_KIND, charge_id, "charge")


def list_charges(account: Account, params: Body) -> Body:
    """Returns a page, newest first; filters payment_intent, customer, created."""
    refuse_unknown(params, {"payment_intent", "customer", "created", "limit", "starting_after", "ending_before"})
    check_filter(account, params)
    conditions = equals(params, "payment_intent", "customer")
    return list_objects(account.store, _KIND, params, "/v1/charges", conditions)


def find_charge(account: Account, payment: str, param: str) -> Body:
    """Returns the latest charge of a charge, intent or session id; raises ObjectMissing or StateForbids."""
    if payment.startswith("ch_"):
        return account.store.get(_KIND, payment, param)
    if payment.startswith("cs_"):
        payment = account.store.get("checkout.session", payment, param)["payment_intent"] or ""
    intent = account.store.find("payment_intent", payment)
    if intent is None:
        raise ObjectMissing("payment_intent", payment, param)
    if not intent["latest_charge"]:
        raise StateForbids(f"This PaymentIntent ({payment}) does not have a successful charge to refund.", param)
    return account.store.get(_KIND, intent["latest_charge"], param)
