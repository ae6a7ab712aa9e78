"""What identity's routes ask for."""

from typing import Annotated

from fastapi import Depends, Request

from services.identity.access_tokens import TokenSigner
from services.identity.audit import Origin
from services.identity.factors.webauthn_gateway import Site
from services.identity.providers.oidc_gateway import OpenIdProvider
from services.identity.secret_box import SecretBox
from services.identity.settings import Settings
from shared.audit import read_origin
from shared.database import Database


def get_database(request: Request) -> Database:
    """For domain functions that hash between two transactions, or commit and then refuse."""
    database: Database = request.app.state.database
    return database


def get_signer(request: Request) -> TokenSigner:
    """The key that signs access tokens."""
    signer: TokenSigner = request.app.state.signer
    return signer


def get_secret_box(request: Request) -> SecretBox:
    """The keys that open what is stored encrypted."""
    box: SecretBox = request.app.state.secret_box
    return box


def get_origin(request: Request) -> Origin:
    """Where the request comes from."""
    return Origin(**vars(read_origin(request)))


def get_site(request: Request) -> Site:
    """Whose passkeys count: the front end's, also used on pages of the API's own address."""
    settings: Settings = request.app.state.settings
    return Site.of(settings.frontend_url, settings.public_url)


def get_providers(request: Request) -> dict[str, OpenIdProvider]:
    """By whom people may sign in, by their ids in the settings."""
    providers: dict[str, OpenIdProvider] = request.app.state.providers
    return providers


DatabaseDep = Annotated[Database, Depends(get_database)]
SignerDep = Annotated[TokenSigner, Depends(get_signer)]
BoxDep = Annotated[SecretBox, Depends(get_secret_box)]
SiteDep = Annotated[Site, Depends(get_site)]
ProvidersDep = Annotated[dict[str, OpenIdProvider], Depends(get_providers)]
OriginDep = Annotated[Origin, Depends(get_origin)]
