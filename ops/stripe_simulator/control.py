"""/_simulator: what tests and the fault harness turn and read. JSON in, JSON out; see README.md."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from ops.stripe_simulator.account import Account
from ops.stripe_simulator.controls import Controls, FaultPlan, RefundPolicy, WebhookPolicy
from ops.stripe_simulator.delivery import Dispatcher
from ops.stripe_simulator.disputes import close_dispute, open_dispute
from ops.stripe_simulator.intents import Cancellation, cancel_intent
from ops.stripe_simulator.ledger import count_objects, read_ledger
from ops.stripe_simulator.parameters import Body
from ops.stripe_simulator.payments import Choice, Outcome, attempt_payment, landing_url, settle_payment
from ops.stripe_simulator.redelivery import count_deliveries, list_attempts, requeue_lost
from ops.stripe_simulator.refunds import settle_refund

router = APIRouter(prefix="/_simulator")


async def simulated_account(request: Request) -> Account:
    """The one account."""
    account: Account = request.app.state.account
    return account


async def open_dispatcher(request: Request) -> Dispatcher:
    """The one dispatcher."""
    dispatcher: Dispatcher = request.app.state.dispatcher
    return dispatcher


TheAccount = Annotated[Account, Depends(simulated_account)]
TheDispatcher = Annotated[Dispatcher, Depends(open_dispatcher)]


class Order(BaseModel):
    """A control request; misspelt members are refused."""

    model_config = ConfigDict(extra="forbid")


class Payment(Order):
    """What the customer clicks."""

    method: Choice = "card"
    email: str | None = None


class Settlement(Order):
    """How a delayed payment or a refund ends."""

    outcome: Outcome


class Cancelling(Order):
    """Why; `automatic` is Stripe's own doing."""

    reason: Cancellation = "automatic"


class DisputeOpening(Order):
    """`payment` is a session, PaymentIntent or charge id; amount in minor units, default all of it."""

    payment: str
    reason: str = "fraudulent"
    amount: int | None = None


class DisputeClosing(Order):
    """How the bank decided."""

    outcome: Literal["won", "lost"]


class Resending(Order):
    """How many extra deliveries, one after the other."""

    times: int = Field(default=1, ge=1, le=1000)


@router.post("/sessions/{session_id}/pay")
async def pay(account: TheAccount, session_id: str, order: Payment) -> Body:
    """Does what the hosted page would; `redirect` is where the customer would land (null when declined)."""
    with account.store.transaction():
        session = attempt_payment(account, session_id, order.method, order.email)
    return {"session": session, "redirect": landing_url(session) if session["status"] == "complete" else None}


@router.post("/sessions/{session_id}/settle")
async def settle_later_payment(account: TheAccount, session_id: str, order: Settlement) -> Body:
    """Lets a delayed payment arrive or fail."""
    with account.store.transaction():
        return settle_payment(account, session_id, order.outcome)


@router.post("/intents/{intent_id}/cancel")
async def cancel_payment(account: TheAccount, intent_id: str, order: Cancelling) -> Body:
    """Cancels an intent whose money has not arrived, whatever its session's state: Stripe does, callers may not."""
    with account.store.transaction():
        return cancel_intent(account, intent_id, order.reason)


@router.post("/refunds/{refund_id}/settle")
async def settle_pending_refund(account: TheAccount, refund_id: str, order: Settlement) -> Body:
    """Lets a pending refund succeed, or a pending or succeeded one fail."""
    with account.store.transaction():
        return settle_refund(account, refund_id, order.outcome)


@router.post("/disputes", status_code=201)
async def dispute(account: TheAccount, order: DisputeOpening) -> Body:
    """Opens a dispute."""
    with account.store.transaction():
        return open_dispute(account, order.payment, order.reason, order.amount)


@router.post("/disputes/{dispute_id}/close")
async def decide_dispute(account: TheAccount, dispute_id: str, order: DisputeClosing) -> Body:
    """Closes a dispute."""
    with account.store.transaction():
        return close_dispute(account, dispute_id, order.outcome)


@router.post("/events/{event_id}/resend")
async def resend(dispatcher: TheDispatcher, event_id: str, order: Resending) -> list[Body]:
    """Delivers an event now, paused or not, and says what the far end answered."""
    return [await dispatcher.send_now(event_id) for _ in range(order.times)]


@router.get("/deliveries")
async def deliveries(
    account: TheAccount, event: str | None = None, limit: Annotated[int, Query(ge=1, le=20_000)] = 100
) -> Body:
    """The delivery log, newest first, and how many deliveries are in which state."""
    return {"states": count_deliveries(account), "attempts": list_attempts(account, event, limit)}


@router.post("/deliveries/requeue")
async def requeue(account: TheAccount) -> dict[str, int]:
    """Sends dropped and given-up deliveries after all."""
    return {"requeued": requeue_lost(account)}


@router.get("/controls")
async def read_controls(account: TheAccount) -> Body:
    """All dials, with how often each fault has struck."""
    dials = account.controls
    return {name: getattr(dials, name).model_dump() for name in ("webhooks", "refunds", "faults")}


@router.put("/controls/webhooks")
async def set_webhooks(account: TheAccount, dispatcher: TheDispatcher, policy: WebhookPolicy) -> WebhookPolicy:
    """Replaces the webhook dial; members left out fall back to normal."""
    account.controls.webhooks = policy
    dispatcher.wake()
    return policy


@router.put("/controls/refunds")
async def set_refunds(account: TheAccount, policy: RefundPolicy) -> RefundPolicy:
    """Replaces the refund dial."""
    account.controls.refunds = policy
    return policy


@router.put("/controls/faults")
async def set_faults(account: TheAccount, plan: FaultPlan) -> FaultPlan:
    """Replaces the fault dial."""
    account.controls.faults = plan
    return plan


@router.get("/ledger")
async def ledger(account: TheAccount) -> Response:
    """Every session, charge, refund and dispute: the source of truth for an oracle."""
    return Response(read_ledger(account), media_type="application/json")


@router.post("/reset")
async def reset(account: TheAccount) -> Body:
    """Forgets everything and turns all dials back; says what was forgotten."""
    forgotten = count_objects(account)
    with account.store.transaction():
        account.store.wipe()
    fresh = Controls()
    account.controls.webhooks, account.controls.refunds, account.controls.faults = (
        fresh.webhooks,
        fresh.refunds,
        fresh.faults,
    )
    return {"forgotten": forgotten}
