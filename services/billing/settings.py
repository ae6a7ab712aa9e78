"""Settings of the billing service."""

from collections.abc import Iterator

from pydantic import Field, SecretStr

import shared.settings
from shared.settings import Refusal


class Settings(shared.settings.Settings):
    """`stripe_webhook_secrets` is comma separated, current[,previous]: both are valid while a secret is rotated."""

    stripe_api_key: SecretStr = SecretStr("")
    # True where production runs on Stripe's test mode, such as on a staging platform.
    stripe_test_mode: bool = False
    stripe_api_base: str = "https://api.stripe.com"
    stripe_webhook_secrets: SecretStr = SecretStr("")
    # What a learner may return without asking: within so many days, with at most so many percent read.
    refund_window_days: int = Field(14, ge=0, le=365)
    refund_progress_percent: int = Field(20, ge=0, le=100)
    # How many courses a learner may return in a year without asking.
    refund_returns_per_year: int = Field(3, ge=0, le=1000)
    # How long the bodies of Stripe's events are kept; Stripe itself lists them for 30 days.
    stripe_event_days: int = Field(35, ge=30, le=3650)
    # What of the net price is the instructor's, in percent; orders keep what held when they were made.
    instructor_share_percent: int = Field(70, ge=0, le=100)
    # Stripe Tax works out the tax that our prices include.
    stripe_automatic_tax: bool = False
    # Who sells, as invoices must say: address lines separated by semicolons.
    seller_name: str = "AI First Academy"
    seller_address: str = ""
    seller_tax_id: str = ""

    def production_refusals(self) -> Iterator[Refusal]:
        """Beside what every service refuses: payments that are not real, invoices without a seller."""
        yield from super().production_refusals()
        if self.stripe_api_key.get_secret_value() and not self.livemode and not self.stripe_test_mode:
            yield "stripe_api_key", "is a test key: set the live one (sk_live_ or rk_live_), or STRIPE_TEST_MODE=true"
        if not self.stripe_api_base.startswith("https://"):
            yield "stripe_api_base", "must begin with https:// in production: leave it out to use Stripe"
        if not self.seller_address:
            yield "seller_address", "is missing: every invoice must name it (lines separated by semicolons)"

    @property
    def webhook_secrets(self) -> list[str]:
        """The signing secrets that count, newest first."""
        return [part.strip() for part in self.stripe_webhook_secrets.get_secret_value().split(",") if part.strip()]

    @property
    def livemode(self) -> bool:
        """True when the key moves real money: sk_live_ or rk_live_."""
        return "_live_" in self.stripe_api_key.get_secret_value()
