"""The one Stripe account: what every act of the simulator works with."""

from dataclasses import dataclass, replace

from ops.stripe_simulator.controls import Controls
from ops.stripe_simulator.settings import Settings
from ops.stripe_simulator.store import Store


@dataclass(frozen=True)
class Account:
    """Settings, memory and dials, and the API request (if any) that its events will name as their cause."""

    settings: Settings
    store: Store
    controls: Controls
    request_id: str | None = None
    idempotency_key: str | None = None

    def on_behalf_of(self, request_id: str, key: str | None) -> "Account":
        """Returns the account as one API request sees it."""
        return replace(self, request_id=request_id, idempotency_key=key)
