"""The live api: `uvicorn --factory services.live.main:create_app`."""

from fastapi import FastAPI

import shared.app
from services.live.routes import router
from services.live.settings import Settings
from shared.startup import refuses_bad_settings


@refuses_bad_settings("live")
def create_app(settings: Settings | None = None) -> FastAPI:
    """The api, with settings from the environment unless given."""
    return shared.app.create_app("live", "Live sessions", settings or Settings(), [router])
