"""The certificates api: `uvicorn --factory services.certificates.main:create_app`."""

from fastapi import FastAPI

import shared.app
from services.certificates import admin_routes, routes
from services.certificates.settings import Settings
from shared.startup import refuses_bad_settings


@refuses_bad_settings("certificates")
def create_app(settings: Settings | None = None) -> FastAPI:
    """The api, with settings from the environment unless given."""
    routers = [routes.router, admin_routes.router]
    return shared.app.create_app("certificates", "Certificates", settings or Settings(), routers)
