"""Refunds: full, partial, pending and failing (https://docs.stripe.com/refunds)."""

from ops.stripe_simulator.account import Account
from ops.stripe_simulator.balance import record_movement
from ops.stripe_simulator.charges import find_charge
from ops.stripe_simulator.errors import (
    AlreadyRefunded,
    ChargeDisputed,
    ParameterInvalid,
    ParameterMissing,
    StateForbids,
)
from ops.stripe_simulator.events import record_event
from ops.stripe_simulator.identifiers import new_id, now
from ops.stripe_simulator.intents import check_filter
from ops.stripe_simulator.listing import equals, list_objects
from ops.stripe_simulator.money import format_amount
from ops.stripe_simulator.parameters import Body, integer, metadata, refuse_unknown
from ops.stripe_simulator.payments import Outcome
from shared.currencies import multiple_fault

_KIND = "refund"
_REASONS = {"duplicate", "fraudulent", "requested_by_customer"}


def create_refund(account: Account, params: Body) -> Body:
    """Returns the refund as it was created; how it goes on is the refund dial's matter. Raises AlreadyRefunded,
    ChargeDisputed, StateForbids or the ParameterMissing / Invalid family."""
    refuse_unknown(params, {"amount", "charge", "payment_intent", "reason", "metadata"})
    charge = _refundable_charge(account, params)
    refund = _body(params, charge, _amount(params, charge))
    planned = account.controls.refunds.status
    refund["status"] = "succeeded" if planned == "succeeded" else "pending"
    refund["balance_transaction"] = record_movement(account, "refund", refund, -refund["amount"])["id"]
    _count(charge, refund["amount"])
    account.store.save(charge)
    account.store.save(refund)
    record_event(account, "refund.created", refund)
    record_event(account, "charge.refunded", charge)
    answer = dict(refund)
    if planned == "failed":
        settle_refund(account, refund["id"], "failed")
    return answer


def settle_refund(account: Account, refund_id: str, outcome: Outcome) -> Body:
    """Returns the refund after its bank answered. Stripe lets even a succeeded refund fail later; raises
    StateForbids when it has ended the other way."""
    refund = account.store.get(_KIND, refund_id, "refund")
    before = refund["status"]
    if before == "failed" or before == outcome:
        raise StateForbids(f"This refund has a status of {before} and cannot be settled as {outcome}.")
    refund["status"] = outcome
    if outcome == "failed":
        returned = record_movement(account, "refund", refund, refund["amount"])
        refund |= {"failure_reason": "expired_or_canceled_card", "failure_balance_transaction": returned["id"]}
        charge = account.store.get("charge", refund["charge"])
        _count(charge, -refund["amount"])
        account.store.save(charge)
    account.store.save(refund)
    record_event(account, "refund.updated", refund, {"status": before})
    if outcome == "failed":
        record_event(account, "refund.failed", refund)
    return refund


def get_refund(account: Account, refund_id: str) -> Body:
    """Returns the refund; raises ObjectMissing."""
    return account.store.get(_KIND, refund_id, "refund")


def list_refunds(account: Account, params: Body) -> Body:
    """Returns a page, newest first; filters charge, payment_intent, created."""
    refuse_unknown(params, {"charge", "payment_intent", "created", "limit", "starting_after", "ending_before"})
    check_filter(account, params)
    return list_objects(account.store, _KIND, params, "/v1/refunds", equals(params, "charge", "payment_intent"))


def _refundable_charge(account: Account, params: Body) -> Body:
    param = "charge" if params.get("charge") else "payment_intent"
    if not params.get(param):
        raise ParameterMissing("payment_intent")
    charge = find_charge(account, params[param], param)
    if charge["status"] != "succeeded":
        raise StateForbids(f"Charge {charge['id']} has not succeeded and cannot be refunded.", param)
    if charge["disputed"] and not _won(account, charge):
        raise ChargeDisputed(f"Charge {charge['id']} has been charged back; cannot issue a refund.", param)
    if charge["refunded"]:
        raise AlreadyRefunded(f"Charge {charge['id']} has already been refunded.", param)
    return charge


def _won(account: Account, charge: Body) -> bool:
    found = list_objects(account.store, "dispute", {"limit": "1"}, "", equals({"charge": charge["id"]}, "charge"))
    return bool(found["data"]) and found["data"][0]["status"] == "won"


def _amount(params: Body, charge: Body) -> int:
    left = charge["amount_captured"] - charge["amount_refunded"]
    amount = integer(params, "amount", left) or 0
    if amount < 1:
        raise ParameterInvalid("This value must be greater than or equal to 1.", "amount")
    if amount > left:
        wanted, rest = (format_amount(value, charge["currency"]) for value in (amount, left))
        raise StateForbids(f"Refund amount ({wanted}) is greater than unrefunded amount on charge ({rest})", "amount")
    if fault := multiple_fault(amount, charge["currency"].upper()):
        raise ParameterInvalid(f"The amount {fault}.", "amount")
    return amount


def _count(charge: Body, amount: int) -> None:
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount_captured"]


def _body(params: Body, charge: Body, amount: int) -> Body:
    if params.get("reason") not in _REASONS | {None}:
        raise ParameterInvalid(f"Invalid reason: must be one of {', '.join(sorted(_REASONS))}", "reason")
    return {
        "id": new_id("re"),
        "object": _KIND,
        "amount": amount,
        "balance_transaction": None,
        "charge": charge["id"],
        "created": now(),
        "currency": charge["currency"],
        "destination_details": {"card": {"type": "refund"}, "type": "card"},
        "metadata": metadata(params),
        "payment_intent": charge["payment_intent"],
        "reason": params.get("reason"),
        "receipt_number": None,
        "source_transfer_reversal": None,
        "transfer_reversal": None,
    }
