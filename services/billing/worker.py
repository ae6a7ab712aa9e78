"""The billing worker: `python -m services.billing.worker`."""

from datetime import timedelta
from functools import partial

from services.billing.comparison import compare_everything, pull_events
from services.billing.handlers import create_handlers
from services.billing.housekeeping import sweep_event_bodies
from services.billing.reconciliation import reconcile_orders
from services.billing.settings import Settings
from services.billing.stripe_gateway import StripeGateway
from shared.auditing.chain import SEALING
from shared.jobs import Job
from shared.startup import refuses_bad_settings
from shared.worker import Worker, run

# Each webhook waits once for Stripe's current object: four at a time keep up with 50 payments a second.
INBOX_LOOPS = 4


@refuses_bad_settings("billing")
def create_worker(settings: Settings | None = None) -> Worker:
    """The worker, with settings from the environment unless given."""
    settings = settings or Settings()
    key = settings.stripe_api_key.get_secret_value()
    provider = StripeGateway(key, settings.stripe_api_base, settings.frontend_url, settings.stripe_automatic_tax)
    kept = timedelta(days=settings.stripe_event_days)
    jobs = [
        Job("reconcile", timedelta(minutes=5), partial(reconcile_orders, provider=provider)),
        Job("pull-events", timedelta(hours=1), partial(pull_events, provider=provider)),
        Job("compare-everything", timedelta(days=1), partial(compare_everything, provider=provider)),
        Job("sweep-event-bodies", timedelta(hours=1), partial(sweep_event_bodies, kept=kept)),
        SEALING,
    ]
    return Worker("billing", settings, create_handlers(provider), jobs=jobs, inbox_loops=INBOX_LOOPS)


if __name__ == "__main__":
    raise SystemExit(run(create_worker()))
