"""The api process of catalog: `uvicorn --factory services.catalog.main:create_app`."""

from fastapi import FastAPI

import shared.app
from services.catalog.courses.outline_routes import router as outline
from services.catalog.courses.routes import router as courses
from services.catalog.files.links import LinkSigner
from services.catalog.files.routes import router as files
from services.catalog.learning.routes import router as learning
from services.catalog.settings import Settings
from shared.startup import refuses_bad_settings


@refuses_bad_settings("catalog")
def create_app(settings: Settings | None = None) -> FastAPI:
    """Courses with their outline, learning and files behind one door."""
    settings = settings or Settings()
    app = shared.app.create_app("catalog", "Catalog", settings, [courses, outline, learning, files])
    app.state.link_signer = LinkSigner(settings.internal_token.get_secret_value())
    return app
