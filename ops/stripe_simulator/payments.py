"""What a customer does on the hosted page: pay now, pay later, be declined; and how a later payment ends."""

from typing import Literal

from ops.stripe_simulator.account import Account
from ops.stripe_simulator.balance import charge_fee, record_movement
from ops.stripe_simulator.charges import APPROVED, DECLINED, new_charge
from ops.stripe_simulator.errors import StateForbids
from ops.stripe_simulator.events import record_event
from ops.stripe_simulator.intents import intent_of
from ops.stripe_simulator.parameters import Body
from ops.stripe_simulator.sessions import get_session

Choice = Literal["card", "later", "decline"]
Outcome = Literal["succeeded", "failed"]

_KIND = "checkout.session"
_DECLINE = {
    "code": "card_declined",
    "decline_code": "generic_decline",
    "message": "Your card was declined.",
    "type": "card_error",
}


def attempt_payment(account: Account, session_id: str, choice: Choice, email: str | None = None) -> Body:
    """Returns the session after the attempt: a declined one stays open. Raises StateForbids unless it was open and its
    intent was not canceled."""
    session = get_session(account, session_id)
    if session["status"] != "open":
        raise StateForbids(f"This Checkout Session has a status of {session['status']} and cannot be paid.")
    email = email or session["customer_email"]
    intent = intent_of(account, session)
    if intent["status"] == "canceled":
        raise StateForbids("You cannot confirm this PaymentIntent because it has a status of canceled.")
    charge = new_charge(intent, "sepa_debit" if choice == "later" else "card", email)
    intent |= {"latest_charge": charge["id"], "payment_method": charge["payment_method"]}
    if choice == "decline":
        account.store.save(session)
        _fail(account, intent, charge)
        return session
    session |= {"status": "complete", "url": None, "customer_details": _details(email)}
    if choice == "card":
        _succeed(account, intent, charge)
        session["payment_status"] = "paid"
    else:
        intent["status"] = "processing"
        account.store.save(charge)
        account.store.save(intent)
        record_event(account, "payment_intent.processing", intent)
    account.store.save(session)
    record_event(account, "checkout.session.completed", session)
    return session


def settle_payment(account: Account, session_id: str, outcome: Outcome) -> Body:
    """Returns the session after its delayed payment arrived or failed; raises StateForbids unless one is due."""
    session = account.store.get(_KIND, session_id, "session")
    intent = account.store.get("payment_intent", session["payment_intent"]) if session["payment_intent"] else None
    if intent is None or intent["status"] != "processing":
        raise StateForbids("This Checkout Session has no delayed payment to settle.")
    charge = account.store.get("charge", intent["latest_charge"])
    if outcome == "succeeded":
        _succeed(account, intent, charge)
        session["payment_status"] = "paid"
        account.store.save(session)
    else:
        _fail(account, intent, charge)
    record_event(account, f"checkout.session.async_payment_{outcome}", session)
    return session


def landing_url(session: Body) -> str:
    """Returns where the customer goes after paying, the session id filled in."""
    return str(session["success_url"]).replace("{CHECKOUT_SESSION_ID}", session["id"])


def _succeed(account: Account, intent: Body, charge: Body) -> None:
    fee = charge_fee(charge["amount"])
    movement = record_movement(account, "charge", charge, charge["amount"], fee)
    charge |= {
        "amount_captured": charge["amount"],
        "balance_transaction": movement["id"],
        "captured": True,
        "outcome": APPROVED,
        "paid": True,
        "status": "succeeded",
    }
    intent |= {"amount_received": intent["amount"], "last_payment_error": None, "status": "succeeded"}
    account.store.save(charge)
    account.store.save(intent)
    record_event(account, "charge.succeeded", charge)
    record_event(account, "payment_intent.succeeded", intent)


def _fail(account: Account, intent: Body, charge: Body) -> None:
    charge |= {
        "failure_code": _DECLINE["code"],
        "failure_message": _DECLINE["message"],
        "outcome": DECLINED,
        "status": "failed",
    }
    intent |= {
        "last_payment_error": _DECLINE | {"charge": charge["id"]},
        "payment_method": None,
        "status": "requires_payment_method",
    }
    account.store.save(charge)
    account.store.save(intent)
    record_event(account, "payment_intent.payment_failed", intent)


def _details(email: str | None) -> Body:
    address = {"city": "Berlin", "country": "DE", "line1": "Musterstra\u00dfe 1", "line2": None}
    return {
        "address": address | {"postal_code": "10115", "state": None},
        "business_name": None,
        "email": email,
        "individual_name": None,
        "name": "Erika Mustermann",
        "phone": None,
        "tax_exempt": "none",
        "tax_ids": [],
    }
