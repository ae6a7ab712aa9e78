"""Balance transactions: what each movement did to the account, and the fee that was kept of it."""

from typing import Literal

from ops.stripe_simulator.account import Account
from ops.stripe_simulator.identifiers import new_id, now
from ops.stripe_simulator.listing import equals, list_objects
from ops.stripe_simulator.parameters import Body, refuse_unknown

_KIND = "balance_transaction"
DISPUTE_FEE = 1500
_PER_MILLE, _FIXED = 29, 30


def record_movement(
    account: Account, kind: Literal["charge", "refund", "adjustment"], source: Body, amount: int, fee: int = 0
) -> Body:
    """Saves and returns the transaction; amounts in minor units, what leaves the account is negative."""
    transaction: Body = {
        "id": new_id("txn"),
        "object": _KIND,
        "amount": amount,
        "available_on": now(),
        "balance_type": "payments",
        "created": now(),
        "currency": source["currency"],
        "description": None,
        "exchange_rate": None,
        "fee": fee,
        "fee_details": _details(fee, source["currency"]),
        "net": amount - fee,
        "reporting_category": "dispute" if kind == "adjustment" else kind,
        "source": source["id"],
        "status": "available",
        "type": kind,
    }
    account.store.save(transaction)
    return transaction


def charge_fee(amount: int) -> int:
    """What Stripe keeps of a payment: 2.9 % and 30, never more than there is."""
    return min(amount, round(amount * _PER_MILLE / 1000) + _FIXED)


def get_transaction(account: Account, transaction_id: str) -> Body:
    """Returns the transaction; raises ObjectMissing."""
    return account.store.get(_KIND, transaction_id, "id")


def list_transactions(account: Account, params: Body) -> Body:
    """Returns a page, newest first; filters source, type, created."""
    refuse_unknown(params, {"source", "type", "created", "limit", "starting_after", "ending_before"})
    return list_objects(account.store, _KIND, params, "/v1/balance_transactions", equals(params, "source", "type"))


def _details(fee: int, currency: str) -> list[Body]:
    if not fee:
        return []
    detail = {"amount": fee, "application": None, "currency": currency, "description": "Stripe processing fees"}
    return [{**detail, "type": "stripe_fee"}]
