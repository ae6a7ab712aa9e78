"""Settings of the billing service."""

from pydantic import Field, SecretStr

import shared.settings


class Settings(shared.settings.Settings):
    """`stripe_webhook_secrets` is comma separated, current[,previous]: both are valid while a secret is rotated."""

    stripe_api_key: SecretStr = SecretStr("")
    stripe_api_base: str = "https://api.stripe.com"
    stripe_webhook_secrets: SecretStr = SecretStr("")
    # What a learner may return without asking: within so many days, with at most so many percent completed.
    refund_window_days: int = Field(14, ge=0, le=365)
    refund_progress_percent: int = Field(20, ge=0, le=100)
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

    @property
    def webhook_secrets(self) -> list[str]:
        """The signing secrets that count, newest first."""
        return [part.strip() for part in self.stripe_webhook_secrets.get_secret_value().split(",") if part.strip()]

    @property
    def livemode(self) -> bool:
        """True when the key moves real money: sk_live_ or rk_live_."""
        return "_live_" in self.stripe_api_key.get_secret_value()
