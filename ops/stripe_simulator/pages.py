"""The hosted payment page: plain HTML forms, one stylesheet, no scripts."""

from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import get_args

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ops.stripe_simulator.account import Account
from ops.stripe_simulator.errors import ObjectMissing, ParameterInvalid, StateForbids
from ops.stripe_simulator.identifiers import now
from ops.stripe_simulator.money import format_amount
from ops.stripe_simulator.parameters import Body, parse_form
from ops.stripe_simulator.payments import Choice, attempt_payment, landing_url, settle_payment
from ops.stripe_simulator.sessions import get_session, line_items_key

router = APIRouter()

_TEMPLATES = Path(__file__).parent / "templates"
_environment = Environment(loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined)
_environment.filters["money"] = format_amount
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_STATUS_OF_STATE = {"expired": HTTPStatus.GONE, "missing": HTTPStatus.NOT_FOUND}

Act = Callable[[Account, str, str | None], Body]
_ACTS: dict[str, Act] = {
    "arrive": lambda account, session_id, _: settle_payment(account, session_id, "succeeded"),
    "bounce": lambda account, session_id, _: settle_payment(account, session_id, "failed"),
}


@router.get("/assets/pay.css")
async def stylesheet() -> Response:
    """The page's only asset."""
    return FileResponse(_TEMPLATES / "pay.css", media_type="text/css", headers={"Cache-Control": "max-age=300"})


@router.get("/pay/{session_id}")
async def show_page(request: Request, session_id: str) -> Response:
    """Shows what is to be paid, or why nothing is."""
    return _page(request.app.state.account, session_id)


@router.post("/pay/{session_id}")
async def take_click(request: Request, session_id: str) -> Response:
    """Carries out the clicked button and sends the customer back to the shop, or shows what went wrong."""
    account: Account = request.app.state.account
    form = parse_form(await request.body())
    try:
        with account.store.transaction():
            session = _act(account, session_id, str(form.get("act")), str(form.get("email") or "") or None)
    except StateForbids as problem:
        return _page(account, session_id, problem.message)
    except ObjectMissing:
        return _page(account, session_id)
    if session["status"] == "open":
        return _page(account, session_id, "Your card was declined. Nothing was charged; try again.", declined=True)
    return RedirectResponse(landing_url(session), HTTPStatus.SEE_OTHER, {"Cache-Control": "no-store"})


def _act(account: Account, session_id: str, act: str, email: str | None) -> Body:
    if act in _ACTS:
        return _ACTS[act](account, session_id, email)
    for choice in get_args(Choice):
        if act == choice:
            return attempt_payment(account, session_id, choice, email)
    raise ParameterInvalid("Unknown button.", "act")


def _page(account: Account, session_id: str, notice: str | None = None, *, declined: bool = False) -> Response:
    try:
        with account.store.transaction():
            session = get_session(account, session_id)
    except ObjectMissing:
        session = None
    state = _state(account, session)
    items = account.store.get("line_items", line_items_key(session_id))["data"] if session else []
    html = _environment.get_template("pay.html").render(
        session=session,
        state=state,
        items=items,
        notice=notice,
        minutes=max(0, session["expires_at"] - now()) // 60 if session else 0,
        landing=landing_url(session) if session else None,
    )
    status = HTTPStatus.PAYMENT_REQUIRED if declined else _STATUS_OF_STATE.get(state, HTTPStatus.OK)
    return HTMLResponse(html, status, _HEADERS)


def _state(account: Account, session: Body | None) -> str:
    if session is None:
        return "missing"
    if session["status"] != "complete":
        return str(session["status"])
    if session["payment_status"] == "paid":
        return "paid"
    intent = account.store.get("payment_intent", session["payment_intent"])
    return "processing" if intent["status"] == "processing" else "failed"
