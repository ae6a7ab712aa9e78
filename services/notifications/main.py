"""The notifications api: `uvicorn --factory services.notifications.main:create_app`."""

from fastapi import FastAPI

import shared.app
from services.notifications.routes import admin_router, router
from services.notifications.settings import Settings
from shared.startup import refuses_bad_settings


@refuses_bad_settings("notifications")
def create_app(settings: Settings | None = None) -> FastAPI:
    """The api, with settings from the environment unless given."""
    return shared.app.create_app("notifications", "Notifications", settings or Settings(), [router, admin_router])
