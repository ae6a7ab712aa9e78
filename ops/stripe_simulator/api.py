"""The addresses of Stripe's API that are simulated."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from ops.stripe_simulator import balance, charges, disputes, events, intents, refunds, sessions
from ops.stripe_simulator.account import Account
from ops.stripe_simulator.calls import Call, receive_call
from ops.stripe_simulator.errors import UnknownUrl
from ops.stripe_simulator.parameters import Body, refuse_unknown

router = APIRouter(prefix="/v1")
ApiCall = Annotated[Call, Depends(receive_call)]


@router.post("/checkout/sessions")
async def create_session(call: ApiCall) -> Response:
    """Opens a Checkout Session."""
    return await call.answer(sessions.create_session)


@router.get("/checkout/sessions")
async def list_sessions(call: ApiCall) -> Response:
    """Lists Checkout Sessions."""
    return await call.answer(sessions.list_sessions)


@router.get("/checkout/sessions/{session_id}")
async def retrieve_session(call: ApiCall, session_id: str) -> Response:
    """Reads a Checkout Session."""
    return await call.answer(lambda account, params: sessions.get_session(account, _only(params, session_id)))


@router.get("/checkout/sessions/{session_id}/line_items")
async def list_line_items(call: ApiCall, session_id: str) -> Response:
    """Lists what a Checkout Session sells."""
    return await call.answer(lambda account, params: sessions.list_line_items(account, session_id, params))


@router.post("/checkout/sessions/{session_id}/expire")
async def expire_session(call: ApiCall, session_id: str) -> Response:
    """Expires an open Checkout Session."""
    return await call.answer(lambda account, params: sessions.expire_session(account, _only(params, session_id)))


@router.get("/payment_intents")
async def list_intents(call: ApiCall) -> Response:
    """Lists PaymentIntents."""
    return await call.answer(intents.list_intents)


@router.get("/payment_intents/{intent_id}")
async def retrieve_intent(call: ApiCall, intent_id: str) -> Response:
    """Reads a PaymentIntent."""
    return await call.answer(lambda account, params: intents.get_intent(account, _only(params, intent_id)))


@router.get("/charges")
async def list_charges(call: ApiCall) -> Response:
    """Lists Charges."""
    return await call.answer(charges.list_charges)


@router.get("/charges/{charge_id}")
async def retrieve_charge(call: ApiCall, charge_id: str) -> Response:
    """Reads a Charge."""
    return await call.answer(lambda account, params: charges.get_charge(account, _only(params, charge_id)))


@router.get("/balance_transactions")
async def list_transactions(call: ApiCall) -> Response:
    """Lists what moved the balance."""
    return await call.answer(balance.list_transactions)


@router.get("/balance_transactions/{transaction_id}")
async def retrieve_transaction(call: ApiCall, transaction_id: str) -> Response:
    """Reads a balance transaction."""
    return await call.answer(lambda account, params: balance.get_transaction(account, _only(params, transaction_id)))


@router.post("/refunds")
async def create_refund(call: ApiCall) -> Response:
    """Gives money back."""
    return await call.answer(refunds.create_refund)


@router.get("/refunds")
async def list_refunds(call: ApiCall) -> Response:
    """Lists Refunds."""
    return await call.answer(refunds.list_refunds)


@router.get("/refunds/{refund_id}")
async def retrieve_refund(call: ApiCall, refund_id: str) -> Response:
    """Reads a Refund."""
    return await call.answer(lambda account, params: refunds.get_refund(account, _only(params, refund_id)))


@router.get("/disputes")
async def list_disputes(call: ApiCall) -> Response:
    """Lists Disputes."""
    return await call.answer(disputes.list_disputes)


@router.get("/disputes/{dispute_id}")
async def retrieve_dispute(call: ApiCall, dispute_id: str) -> Response:
    """Reads a Dispute."""
    return await call.answer(lambda account, params: disputes.get_dispute(account, _only(params, dispute_id)))


@router.get("/events")
async def list_events(call: ApiCall) -> Response:
    """Lists Events."""
    return await call.answer(events.list_events)


@router.get("/events/{event_id}")
async def retrieve_event(call: ApiCall, event_id: str) -> Response:
    """Reads an Event."""
    return await call.answer(lambda account, params: events.get_event(account, _only(params, event_id)))


@router.api_route("/{path:path}", methods=["GET", "POST", "DELETE", "PUT", "PATCH"])
async def refuse_address(call: ApiCall, path: str) -> Response:
    """Says so when an address is not simulated."""

    def refuse(account: Account, params: Body) -> Body:
        raise UnknownUrl(f"Unrecognized request URL ({call.method}: /v1/{path}). It is not simulated.")

    return await call.answer(refuse)


def _only(params: Body, identifier: str) -> str:
    refuse_unknown(params, ())
    return identifier
