"""The billing worker: `python -m services.billing.worker`."""

from datetime import timedelta
from functools import partial

from services.billing.handlers import create_handlers
from services.billing.reconciliation import reconcile_orders
from services.billing.settings import Settings
from services.billing.stripe_gateway import StripeGateway
from shared.jobs import Job
from shared.worker import Worker, run

RECONCILE_EVERY = timedelta(minutes=5)
# Each webhook waits once for Stripe's current object: four at a time keep up with 50 payments a second.
INBOX_LOOPS = 4


def create_worker(settings: Settings | None = None) -> Worker:
    """The worker, with settings from the environment unless given."""
    settings = settings or Settings()
    key = settings.stripe_api_key.get_secret_value()
    provider = StripeGateway(key, settings.stripe_api_base, settings.frontend_url, settings.stripe_automatic_tax)
    reconcile = Job("reconcile", RECONCILE_EVERY, partial(reconcile_orders, provider=provider))
    return Worker("billing", settings, create_handlers(provider), jobs=[reconcile], inbox_loops=INBOX_LOOPS)


if __name__ == "__main__":
    raise SystemExit(run(create_worker()))
