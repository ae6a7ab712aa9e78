"""PaymentIntents: made when a session's customer first tries to pay, as Checkout does; and canceled."""

from typing import Literal

from ops.stripe_simulator.account import Account
from ops.stripe_simulator.errors import StateForbids
from ops.stripe_simulator.events import record_event
from ops.stripe_simulator.identifiers import new_id, now
from ops.stripe_simulator.listing import equals, list_objects
from ops.stripe_simulator.parameters import Body, metadata, refuse_unknown

Cancellation = Literal["abandoned", "automatic", "duplicate", "expired", "fraudulent", "requested_by_customer"]

_KIND = "payment_intent"
_ABSENT = (
    "application",
    "application_fee_amount",
    "automatic_payment_methods",
    "canceled_at",
    "cancellation_reason",
    "customer",
    "last_payment_error",
    "latest_charge",
    "next_action",
    "on_behalf_of",
    "payment_method",
    "processing",
    "review",
    "setup_future_usage",
    "shipping",
    "source",
    "statement_descriptor_suffix",
    "transfer_data",
    "transfer_group",
)


def intent_of(account: Account, session: Body) -> Body:
    """Returns the session's PaymentIntent, made on the first attempt to pay (and then set on the session)."""
    if session["payment_intent"]:
        return account.store.get(_KIND, session["payment_intent"])
    options = account.store.get("intent_data", f"{session['id']}/payment_intent_data")
    intent = _body(session, options)
    session["payment_intent"] = intent["id"]
    return intent


def get_intent(account: Account, intent_id: str) -> Body:
    """Returns the intent; raises ObjectMissing."""
    return account.store.get(_KIND, intent_id, "intent")


def list_intents(account: Account, params: Body) -> Body:
    """Returns a page, newest first; filters customer, created."""
    refuse_unknown(params, {"customer", "created", "limit", "starting_after", "ending_before"})
    return list_objects(account.store, _KIND, params, "/v1/payment_intents", equals(params, "customer"))


def check_filter(account: Account, params: Body) -> None:
    """Raises ObjectMissing for a list that is filtered by an intent which does not exist, as Stripe does."""
    if params.get(_KIND):
        account.store.get(_KIND, params[_KIND], _KIND)


def cancel_intent(account: Account, intent_id: str, reason: Cancellation) -> Body:
    """Returns the canceled intent, and tells; raises ObjectMissing, and StateForbids when its money has arrived or it
    is canceled already (https://docs.stripe.com/api/payment_intents/cancel)."""
    intent = get_intent(account, intent_id)
    if intent["status"] in {"succeeded", "canceled"}:
        raise StateForbids(f"You cannot cancel this PaymentIntent because it has a status of {intent['status']}.")
    charge = account.store.find("charge", intent["latest_charge"] or "")
    if charge is not None and charge["status"] == "pending":
        account.store.save(charge | {"status": "failed"})
    intent |= {"status": "canceled", "canceled_at": now(), "cancellation_reason": reason}
    account.store.save(intent)
    record_event(account, "payment_intent.canceled", intent)
    return intent


def _body(session: Body, options: Body) -> Body:
    identifier = new_id("pi")
    nothing: Body = dict.fromkeys(_ABSENT)
    return nothing | {
        "id": identifier,
        "object": _KIND,
        "amount": session["amount_total"],
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "capture_method": "automatic_async",
        "client_secret": new_id(f"{identifier}_secret"),
        "confirmation_method": "automatic",
        "created": now(),
        "currency": session["currency"],
        "customer": session["customer"],
        "description": options.get("description"),
        "livemode": False,
        "metadata": metadata(options),
        "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
        "payment_method_types": session["payment_method_types"],
        "receipt_email": options.get("receipt_email"),
        "statement_descriptor": options.get("statement_descriptor"),
        "status": "requires_payment_method",
    }
