"""Sign-in by a provider, and the own links to providers, at the HTTP door."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import status

from services.identity import security_news
from services.identity.browser import TICKET_SECONDS, Desk, DeskDep
from services.identity.dependencies import DatabaseDep, OriginDep, ProvidersDep, SignerDep
from services.identity.providers import entering, linked_identities, trips
from services.identity.providers.schemas import (
    IdentitiesRead,
    IdentityRead,
    LinkConfirm,
    ProviderAnswer,
    ProvidersRead,
    TripCreate,
    TripRead,
)
from services.identity.providers.trips import Answer, Trip
from services.identity.schemas import TokensRead
from services.identity.sign_in_routes import SECOND_STEP
from shared.auth import PUBLIC, Actor, require
from shared.database import SessionDep
from shared.limits import refusals
from shared.routing import AcademyRouter
from shared.slots import Slot, needs

router = AcademyRouter(
    secret=True,
    prefix="/api/v1/auth",
    tags=["sign-in providers"],
    responses={503: {"description": "The provider does not answer; Retry-After says when to begin again"}},
)

Owner = Annotated[Actor, require("account:secure")]
REFUSALS: dict[int | str, dict[str, Any]] = {
    401: {"description": "What the provider sent could not be verified"},
    403: {"description": "The account is suspended, or the provider vouches for no address"},
    409: {"description": "The address has an account: sign in there and confirm the link with `ticket`"},
    410: {"description": "This browser was not sent there, or too long ago: begin again"},
}
LINK_REFUSALS = {
    **REFUSALS,
    403: {"description": "The sign-in is older than ten minutes"},
    409: {"description": "It is linked already, to this account or to another"},
    **refusals(security_news.NEW_CREDENTIALS),
}


def _slot(arguments: Mapping[str, Any]) -> Slot:
    provider = entering.find_provider(arguments["providers"], arguments["body"].provider)
    return provider.slot


@router.get("/providers", response_model=ProvidersRead, dependencies=[PUBLIC])
def list_providers(providers: ProvidersDep) -> Any:
    """By whom people may sign in here; none is an answer, too."""
    return {"items": list(providers.values())}


@router.post(
    "/login/provider/options",
    response_model=TripRead,
    response_model_exclude_none=True,
    responses={403: {"description": "The page is not one of ours"}},
    dependencies=[PUBLIC],
)
@needs(_slot)
def begin_provider_login(body: TripCreate, desk: DeskDep, database: DatabaseDep, providers: ProvidersDep) -> Any:
    """Begin to sign in by a provider."""
    desk.visitor(body)
    return _sent(desk, body, trips.begin_trip(database, entering.find_provider(providers, body.provider)))


@router.post(
    "/login/provider",
    response_model=TokensRead,
    response_model_exclude_none=True,
    responses=SECOND_STEP | REFUSALS,
    dependencies=[PUBLIC],
)
@needs(_slot)
def login_with_provider(
    body: ProviderAnswer, desk: DeskDep, database: DatabaseDep, signer: SignerDep, providers: ProvidersDep
) -> Any:
    """Sign in by what the provider's redirect brought. Newcomers get an account; a second factor is asked for as after
    a password."""
    provider, origin = entering.find_provider(providers, body.provider), desk.visitor(body)
    return desk.answer(body, entering.sign_in(database, signer, provider, _answer(desk, body), origin))


@router.get("/identities", response_model=IdentitiesRead)
def list_identities(actor: Owner, session: SessionDep, providers: ProvidersDep) -> Any:
    """By which providers the caller's account is entered."""
    own = linked_identities.list_identities(session, actor.user_id)
    return {"items": [linked_identities.describe_identity(identity, providers) for identity in own]}


@router.post("/identities/options", response_model=TripRead, response_model_exclude_none=True)
@needs(_slot)
def begin_identity(
    body: TripCreate, actor: Owner, desk: DeskDep, database: DatabaseDep, providers: ProvidersDep
) -> Any:
    """Begin to link a provider. Needs a sign-in of the last ten minutes."""
    provider = entering.find_provider(providers, body.provider)
    return _sent(desk, body, entering.begin_link(database, provider, desk.visitor(body).of(actor)))


@router.post("/identities", status_code=status.HTTP_201_CREATED, response_model=IdentityRead, responses=LINK_REFUSALS)
@needs(_slot)
def add_identity(
    body: ProviderAnswer, actor: Owner, desk: DeskDep, database: DatabaseDep, providers: ProvidersDep
) -> Any:
    """Link the account at the provider whose redirect came back."""
    provider, origin = entering.find_provider(providers, body.provider), desk.visitor(body).of(actor)
    identity = entering.link(database, provider, _answer(desk, body), origin)
    return linked_identities.describe_identity(identity, providers)


@router.post(
    "/identities/confirm", status_code=status.HTTP_201_CREATED, response_model=IdentityRead, responses=LINK_REFUSALS
)
def confirm_identity(
    body: LinkConfirm, actor: Owner, session: SessionDep, providers: ProvidersDep, origin: OriginDep
) -> Any:
    """Link the account at the provider that asked for this one's address, after signing in the way one did before."""
    identity = entering.confirm_link(session, body.ticket.get_secret_value(), origin.of(actor))
    return linked_identities.describe_identity(identity, providers)


@router.delete("/identities/{identity_id}", status_code=status.HTTP_204_NO_CONTENT)
def remove_identity(identity_id: UUID, actor: Owner, session: SessionDep, origin: OriginDep) -> None:
    """Unlink a provider; the last way in stays. Needs a sign-in of the last ten minutes."""
    entering.unlink(session, identity_id, origin.of(actor))


def _sent(desk: Desk, body: TripCreate, trip: Trip) -> dict[str, Any]:
    ticket = desk.hand_out_ticket(body, trip.ticket)
    return {"authorization_url": trip.authorization_url, "ticket": ticket, "expires_in": TICKET_SECONDS}


def _answer(desk: Desk, body: ProviderAnswer) -> Answer:
    ticket = desk.take_ticket(body, body.ticket.get_secret_value())
    return Answer(ticket, body.state, body.code.get_secret_value(), body.iss)
