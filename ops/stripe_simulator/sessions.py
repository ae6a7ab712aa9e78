"""Checkout Sessions: created, read, expired. Paying them is in payments.py."""

from ops.stripe_simulator.account import Account
from ops.stripe_simulator.errors import StateForbids
from ops.stripe_simulator.events import record_event
from ops.stripe_simulator.identifiers import now
from ops.stripe_simulator.intents import cancel_intent, check_filter
from ops.stripe_simulator.line_items import as_list, price_line_items
from ops.stripe_simulator.listing import equals, list_objects
from ops.stripe_simulator.parameters import Body, mapping, refuse_unknown
from ops.stripe_simulator.session_draft import draft_session

_KIND = "checkout.session"


def create_session(account: Account, params: Body) -> Body:
    """Returns an open session; raises the ParameterMissing / Invalid family for what Stripe would refuse."""
    items = price_line_items(params)
    session = draft_session(params, items)
    session["url"] = f"{account.settings.public_url}/pay/{session['id']}"
    account.store.save(session)
    account.store.put(line_items_key(session["id"]), "line_items", session["created"], as_list(session["id"], items))
    # The hosted page makes the PaymentIntent later, from these; Stripe does not show them on the session.
    account.store.put(
        f"{session['id']}/payment_intent_data",
        "intent_data",
        session["created"],
        mapping(params, "payment_intent_data"),
    )
    return session


def line_items_key(session_id: str) -> str:
    """The store's key of a session's line items."""
    return f"{session_id}/line_items"


def list_line_items(account: Account, session_id: str, params: Body) -> Body:
    """Returns all items of a session in one page; raises ObjectMissing."""
    refuse_unknown(params, {"limit", "starting_after", "ending_before"})
    account.store.get(_KIND, session_id, "session")
    return account.store.get("line_items", line_items_key(session_id))


def get_session(account: Account, session_id: str) -> Body:
    """Returns the session, expired first when its time has passed; raises ObjectMissing."""
    session = account.store.get(_KIND, session_id, "session")
    if session["status"] == "open" and session["expires_at"] <= now():
        return expire(account, session)
    return session


def list_sessions(account: Account, params: Body) -> Body:
    """Returns a page, newest first; filters payment_intent, status, customer, created."""
    refuse_unknown(
        params, {"payment_intent", "status", "customer", "created", "limit", "starting_after", "ending_before"}
    )
    check_filter(account, params)
    conditions = equals(params, "payment_intent", "status", "customer")
    return list_objects(account.store, _KIND, params, "/v1/checkout/sessions", conditions)


def expire_session(account: Account, session_id: str) -> Body:
    """Returns the expired session; raises StateForbids unless it is open."""
    session = account.store.get(_KIND, session_id, "session")
    if session["status"] != "open":
        raise StateForbids(
            'Only Checkout Sessions with a status in ["open"] can be expired. '
            f"This Checkout Session has a status of {session['status']}."
        )
    return expire(account, session)


def expire(account: Account, session: Body) -> Body:
    """Closes an open session and its unpaid PaymentIntent, and tells."""
    session |= {"status": "expired", "url": None}
    account.store.save(session)
    intent = account.store.find("payment_intent", session["payment_intent"] or "")
    if intent is not None and intent["status"] != "canceled":
        cancel_intent(account, intent["id"], "abandoned")
    record_event(account, "checkout.session.expired", session)
    return session


def expire_due(account: Account) -> int:
    """Expires every open session whose time has passed; returns how many."""
    due = account.store.rows(
        "SELECT id FROM objects WHERE kind = 'checkout.session' AND json_extract(body, '$.status') = 'open'"
        " AND json_extract(body, '$.expires_at') <= ? LIMIT 100",
        (now(),),
    )
    if due:
        with account.store.transaction():
            for row in due:
                expire(account, account.store.get(_KIND, row["id"]))
    return len(due)
