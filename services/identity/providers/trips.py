"""Sending somebody to a provider, and believing who comes back."""

import hmac
from dataclasses import dataclass
from uuid import UUID

from services.identity import refusals
from services.identity.audit import Origin
from services.identity.factors import tickets
from services.identity.factors.tickets import TicketInvalid
from services.identity.providers.errands import Errand
from services.identity.providers.fetching import ProviderAway
from services.identity.providers.id_tokens import NotProven
from services.identity.providers.oidc_gateway import OpenIdProvider, Proven
from shared.database import Database
from shared.errors import Unauthorized, Unavailable
from shared.telemetry import get_logger

log = get_logger(__name__)


class ProviderUnavailable(Unavailable):
    slug, title = "provider-unavailable", "The sign-in provider does not answer as it should"

    def __init__(self, name: str) -> None:
        super().__init__(f"Begin again in a moment, or sign in without {name}. Nothing was changed.", retry_after=5)


class ProviderRefused(Unauthorized):
    slug, title = "provider-refused", "The sign-in could not be verified"

    def __init__(self, name: str) -> None:
        super().__init__(f"Begin again, or sign in without {name}.")


@dataclass(frozen=True)
class Trip:
    """Where to send somebody, and what to keep until they come back."""

    ticket: str
    authorization_url: str


@dataclass(frozen=True)
class Answer:
    """What somebody came back with, and the ticket that was kept. `issuer` is the parameter `iss`, which few send."""

    ticket: str
    state: str
    code: str
    issuer: str


def begin_trip(database: Database, provider: OpenIdProvider, user_id: UUID | None = None) -> Trip:
    """For signing in, or with an account for linking to it. Raises ProviderUnavailable."""
    with database.begin() as session:
        ticket = tickets.issue_ticket(session, "provider", user_id, {"provider": provider.id})
    try:
        return Trip(ticket, provider.authorization_url(Errand(ticket)))
    except ProviderAway as error:
        raise _unavailable(provider, error) from error


def end_trip(
    database: Database, provider: OpenIdProvider, answer: Answer, origin: Origin, user_id: UUID | None = None
) -> Proven:
    """Who came back. Raises TicketInvalid, ProviderRefused, ProviderUnavailable.

    Takes the database and not a session: no connection is held while the provider thinks, and a ticket that was shown
    is spent whatever follows.
    """
    errand = Errand(answer.ticket)
    # Before the ticket is looked at: a page that sends us somebody else's answer must not spend it.
    if not hmac.compare_digest(errand.state.encode(), answer.state.encode()):
        raise TicketInvalid
    with database.begin() as session:
        ticket = tickets.take_ticket(session, "provider", answer.ticket)
    if ticket.user_id != user_id or ticket.data["provider"] != provider.id:
        raise TicketInvalid
    try:
        return provider.redeem(errand, answer.code, answer.issuer)
    except ProviderAway as error:
        raise _unavailable(provider, error) from error
    except NotProven as error:
        log.warning("sign-in by a provider refused", provider=provider.id, reason=str(error))
        with database.begin() as session:
            refusals.record(session, origin, "sign_in.refused", user_id, reason="not proven", provider=provider.id)
        raise ProviderRefused(provider.name) from error


def _unavailable(provider: OpenIdProvider, error: ProviderAway) -> ProviderUnavailable:
    log.error("sign-in provider does not answer", provider=provider.id, error=str(error))
    return ProviderUnavailable(provider.name)
