"""The Stripe simulator: pays as the payment page would, turns its dials and reads its ledger."""

from typing import Any

import httpx


class Stripe:
    """The controls below /_simulator; they are never the target of a fault, so nothing is tried twice."""

    def __init__(self, url: str) -> None:
        # Idle connections are dropped before the simulator drops them, which would be under the next call.
        limits = httpx.Limits(keepalive_expiry=2.0)
        self._http = httpx.AsyncClient(base_url=f"{url}/_simulator", timeout=60, limits=limits, trust_env=False)

    async def close(self) -> None:
        """Hangs up."""
        await self._http.aclose()

    async def pay(self, checkout_url: str) -> None:
        """The learner pays on the page of this address, by card. Paid already is fine: the click was repeated."""
        session = checkout_url.rsplit("/", 1)[1]
        answer = await self._http.post(f"/sessions/{session}/pay", json={"method": "card"})
        if answer.is_error and "cannot be paid" not in answer.text:
            raise httpx.HTTPStatusError(answer.text[:300], request=answer.request, response=answer)

    async def ledger(self) -> dict[str, list[dict[str, Any]]]:
        """Every session, charge, refund and dispute."""
        books: dict[str, list[dict[str, Any]]] = (await self._http.get("/ledger")).raise_for_status().json()
        return books

    async def deliveries(self, limit: int = 1) -> dict[str, Any]:
        """`states`: how many webhooks are pending, delivered, dropped, failed; `attempts`: the newest log rows."""
        found: dict[str, Any] = (await self._http.get("/deliveries", params={"limit": limit})).raise_for_status().json()
        return found

    async def resend(self, event: str) -> dict[str, Any]:
        """One more delivery of an event now; its log row with `status` and `milliseconds`."""
        answer = await self._http.post(f"/events/{event}/resend", json={"times": 1})
        attempts: list[dict[str, Any]] = answer.raise_for_status().json()
        return attempts[0]
