"""Stripe from the other side: what customers and banks do, and the events it would send."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import requests
import stripe

from shared.testing import wait_until

API_KEY = "sk_test_billing_tests"
SECRET = "whsec_current_billing_tests"


@contextmanager
def running_simulator() -> Iterator["FarEnd"]:
    """A Stripe simulator in a process of its own, which sends no webhooks by itself."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    environment = {
        **os.environ,
        "STRIPE_API_KEY": API_KEY,
        "STRIPE_WEBHOOK_SECRET": SECRET,
        "SIMULATOR_PUBLIC_URL": url,
    }
    environment.pop("STRIPE_WEBHOOK_URL", None)
    command = [sys.executable, "-m", "uvicorn", "ops.stripe_simulator.main:app", "--port", str(port)]
    process = subprocess.Popen([*command, "--log-level", "warning"], env=environment)
    try:
        wait_until(lambda: _answers(url), 60, "the Stripe simulator answers")
        far_end = FarEnd(url)
        yield far_end
        far_end.close()
    finally:
        process.terminate()
        process.wait(10)


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/livez", timeout=1, verify=False).status_code == 200
    except httpx.HTTPError:
        return False


class FarEnd:
    """The simulator's controls and its API."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._control = httpx.Client(base_url=f"{url}/_simulator", timeout=10, verify=False)
        self._session = requests.Session()
        http = stripe.RequestsClient(session=self._session)
        self.client = stripe.StripeClient(API_KEY, base_addresses={"api": url}, http_client=http)

    def close(self) -> None:
        """Closes the connections."""
        self._control.close()
        self._session.close()

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """One request to the simulator's controls."""
        return self._control.request(method, path, json=body).raise_for_status().json()

    def set_faults(self, *faults: dict[str, Any]) -> None:
        """Replaces all faults."""
        self.control("PUT", "/controls/faults", {"faults": list(faults)})

    def pay(self, session_id: str, method: str = "card") -> None:
        """The customer completes the hosted page."""
        self.control("POST", f"/sessions/{session_id}/pay", {"method": method})

    def settle(self, session_id: str, outcome: str) -> None:
        """A delayed payment arrives or bounces."""
        self.control("POST", f"/sessions/{session_id}/settle", {"outcome": outcome})

    def cancel_payment(self, session_id: str) -> None:
        """Stripe cancels a payment that was tried or begun."""
        self.control("POST", f"/intents/{self.session(session_id)['payment_intent']}/cancel", {})

    def dispute(self, session_id: str) -> str:
        """The bank questions the payment; returns the dispute's id."""
        return str(self.control("POST", "/disputes", {"payment": session_id})["id"])

    def close_dispute(self, dispute_id: str, outcome: str) -> None:
        """The bank decides."""
        self.control("POST", f"/disputes/{dispute_id}/close", {"outcome": outcome})

    def refund(self, session_id: str, amount: int | None = None) -> str:
        """Money goes back; returns the refund's id."""
        intent = self.session(session_id)["payment_intent"]
        params: Any = {"payment_intent": intent} | ({"amount": amount} if amount else {})
        return str(self.client.v1.refunds.create(params).id)

    def fail_refund(self, refund_id: str) -> None:
        """The customer's bank sends the refund back."""
        self.control("POST", f"/refunds/{refund_id}/settle", {"outcome": "failed"})

    def session(self, session_id: str) -> dict[str, Any]:
        """The session as the API shows it."""
        return self._read(f"checkout/sessions/{session_id}")

    def sessions_of(self, order_id: str) -> list[dict[str, Any]]:
        """Every session that names the order."""
        ledger = self.control("GET", "/ledger")
        return [session for session in ledger["sessions"] if session["client_reference_id"] == order_id]

    def events_of(self, session_id: str) -> list[dict[str, Any]]:
        """All events about the session and its payment, oldest first."""
        about = self.session(session_id)
        intent = about["payment_intent"]
        bodies = list(self._events_since(about["created"]))
        subjects = [body["data"]["object"] for body in bodies]
        pairs = zip(bodies, subjects, strict=True)
        found = (body for body, s in pairs if s["id"] in (session_id, intent) or s.get("payment_intent") == intent)
        return [body for body in found if intent or body["data"]["object"]["id"] == session_id][::-1]

    def _events_since(self, moment: int) -> Iterator[dict[str, Any]]:
        params: dict[str, Any] = {"limit": 100, "created[gte]": moment}
        while True:
            page = self._read("events", **params)
            yield from page["data"]
            if not page["has_more"]:
                return
            params["starting_after"] = page["data"][-1]["id"]

    def _read(self, path: str, **params: Any) -> dict[str, Any]:
        # Without the SDK, which makes an object of its own of every member.
        answer = self._session.get(f"{self.url}/v1/{path}", params=params, auth=(API_KEY, ""), timeout=10)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found
