"""Identity's api: `uvicorn --factory services.identity.main:create_app`."""

from fastapi import FastAPI

from services.identity.access_tokens import TokenSigner
from services.identity.providers.oidc_gateway import OpenIdProvider
from services.identity.revocations import OwnRevocations
from services.identity.routes import ROUTERS
from services.identity.secret_box import SecretBox
from services.identity.settings import Settings
from services.identity.signing_keys import KeyStore
from shared import app as shared_app
from shared.startup import refuses_bad_settings
from shared.tokens import TokenVerifier


@refuses_bad_settings("identity")
def create_app(settings: Settings | None = None) -> FastAPI:
    """The api. Raises SigningKeyMissing without a usable SIGNING_KEY_FILE or SIGNING_KEY, EncryptionKeyMissing without
    ENCRYPTION_KEYS."""
    settings = settings or Settings()
    signer = TokenSigner(KeyStore(settings.signing_key_file, settings.signing_key))
    secret_box = SecretBox(settings.encryption_keys)
    app = shared_app.create_app("identity", "Identity", settings, ROUTERS)
    app.state.signer = signer
    providers = [OpenIdProvider(provider, settings.frontend_url) for provider in settings.sign_in_providers]
    app.state.providers = {provider.id: provider for provider in providers}
    app.state.secret_box = secret_box
    # The other services ask identity over HTTP; identity itself has the keys and the table at hand.
    app.state.tokens = TokenVerifier(signer)
    app.state.revocations = OwnRevocations(app.state.database)
    return app
