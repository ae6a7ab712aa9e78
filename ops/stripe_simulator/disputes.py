"""Disputes: opened and closed by the control endpoints, read by the API."""

from typing import Literal

from ops.stripe_simulator.account import Account
from ops.stripe_simulator.balance import DISPUTE_FEE, record_movement
from ops.stripe_simulator.charges import find_charge
from ops.stripe_simulator.errors import ParameterInvalid, StateForbids
from ops.stripe_simulator.events import record_event
from ops.stripe_simulator.identifiers import new_id, now
from ops.stripe_simulator.intents import check_filter
from ops.stripe_simulator.listing import equals, list_objects
from ops.stripe_simulator.parameters import Body, refuse_unknown

_KIND = "dispute"
_CLOSED = {"won", "lost"}
_WEEK = 7 * 24 * 60 * 60


def open_dispute(account: Account, payment: str, reason: str = "fraudulent", amount: int | None = None) -> Body:
    """Returns the dispute of a session's, intent's or charge's money (minor units, default all of it); raises
    ParameterInvalid for another amount and StateForbids when nothing was paid or a dispute exists."""
    charge = find_charge(account, payment, "payment")
    if charge["status"] != "succeeded" or charge["disputed"]:
        raise StateForbids(f"Charge {charge['id']} has not succeeded or is disputed already.", "payment")
    if amount is not None and not 1 <= amount <= charge["amount"]:
        raise ParameterInvalid("A dispute is about at least 1 and at most the whole charge.", "amount")
    dispute = _body(charge, reason, amount or charge["amount"])
    account.store.save(charge | {"disputed": True})
    withdrawn = record_movement(account, "adjustment", dispute, -dispute["amount"], DISPUTE_FEE)
    dispute["balance_transactions"] = [withdrawn]
    account.store.save(dispute)
    record_event(account, "charge.dispute.created", dispute)
    return dispute


def close_dispute(account: Account, dispute_id: str, outcome: Literal["won", "lost"]) -> Body:
    """Returns the closed dispute; raises StateForbids when it is closed already."""
    dispute = account.store.get(_KIND, dispute_id, "dispute")
    before = dispute["status"]
    if before in _CLOSED:
        raise StateForbids(f"This dispute is already {before}.")
    dispute |= {"status": outcome}
    if outcome == "won":
        dispute["balance_transactions"].append(record_movement(account, "adjustment", dispute, dispute["amount"]))
    account.store.save(dispute)
    record_event(account, "charge.dispute.closed", dispute, {"status": before})
    return dispute


def get_dispute(account: Account, dispute_id: str) -> Body:
    """Returns the dispute; raises ObjectMissing."""
    return account.store.get(_KIND, dispute_id, "dispute")


def list_disputes(account: Account, params: Body) -> Body:
    """Returns a page, newest first; filters charge, payment_intent, created."""
    refuse_unknown(params, {"charge", "payment_intent", "created", "limit", "starting_after", "ending_before"})
    check_filter(account, params)
    return list_objects(account.store, _KIND, params, "/v1/disputes", equals(params, "charge", "payment_intent"))


def _body(charge: Body, reason: str, amount: int) -> Body:
    return {
        "id": new_id("du"),
        "object": _KIND,
        "amount": amount,
        "balance_transactions": [],
        "charge": charge["id"],
        "created": now(),
        "currency": charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": {"enhanced_evidence": {}},
        "evidence_details": {
            "due_by": now() + _WEEK,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
            "submission_method": "not_submitted",
        },
        "is_charge_refundable": False,
        "livemode": False,
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "payment_method_details": {
            "card": {"brand": "visa", "case_type": "chargeback", "network": "visa", "network_reason_code": "10.4"},
            "type": "card",
        },
        "reason": reason,
        "status": "needs_response",
    }
