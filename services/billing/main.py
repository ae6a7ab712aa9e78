"""The billing api: `uvicorn --factory services.billing.main:create_app`."""

from fastapi import FastAPI

import shared.app
from services.billing import (
    document_routes,
    earnings_routes,
    history_routes,
    refund_routes,
    routes,
    selling_routes,
    timeline_routes,
)
from services.billing.order_streams import StepWatch
from services.billing.settings import Settings
from services.billing.stripe_gateway import StripeGateway
from shared.auditing.routes import audit_router
from shared.startup import refuses_bad_settings

ROUTES = (routes, refund_routes, document_routes, earnings_routes, selling_routes, timeline_routes, history_routes)

AUDIT = "/api/v1/admin/payments/audit"


@refuses_bad_settings("billing")
def create_app(settings: Settings | None = None) -> FastAPI:
    """The api, with settings from the environment unless given."""
    settings = settings or Settings()
    routers = [part.router for part in ROUTES]
    app = shared.app.create_app("billing", "Billing", settings, [*routers, audit_router(AUDIT, "list_payment_acts")])
    key = settings.stripe_api_key.get_secret_value()
    app.state.provider = StripeGateway(
        key, settings.stripe_api_base, settings.frontend_url, settings.stripe_automatic_tax
    )
    app.state.step_watch = StepWatch(app.state.database)
    return app
