"""Signing in by a provider, and linking one to an account."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.identity import emails, signing_in, step_up, users
from services.identity.access_tokens import TokenSigner
from services.identity.audit import Origin
from services.identity.factors import tickets
from services.identity.factors.enrolment import SecondFactorNeeded
from services.identity.models import User
from services.identity.providers import linked_identities, trips
from services.identity.providers.models import LinkedIdentity
from services.identity.providers.oidc_gateway import OpenIdProvider, Proven
from services.identity.providers.trips import Answer, Trip
from services.identity.sessions import SignedIn
from services.identity.users import NO_PASSWORD, EmailTaken, NewAccount
from shared import names
from shared.database import Database
from shared.errors import Conflict, Forbidden, Invalid, Problem

LONGEST_NAME = 100


class EmailUnusable(Forbidden):
    slug, title = "provider-email-unusable", "The provider vouches for no address that we can use"
    detail = "Have your e-mail address verified there and begin again, or register with a password."


class LinkNeeded(Conflict):
    """Only to who has just proven to be the address's owner. `ticket` is good for ten minutes."""

    slug, title = "sign-in-to-link", "There is an account with this address"

    def __init__(self, ticket: str) -> None:
        detail = "Sign in the way you did before, then send the ticket to POST /api/v1/auth/identities/confirm."
        super().__init__(detail, ticket=ticket)


def find_provider(providers: Mapping[str, OpenIdProvider], provider_id: str) -> OpenIdProvider:
    """The provider of that id in the settings. Raises Invalid("provider")."""
    if provider_id not in providers:
        raise Invalid("provider", "is none of GET /api/v1/auth/providers")
    return providers[provider_id]


def sign_in(
    database: Database, signer: TokenSigner, provider: OpenIdProvider, answer: Answer, origin: Origin
) -> SignedIn | SecondFactorNeeded:
    """The session of who came back, or the ticket for the second step. A newcomer gets an account. Raises what end_trip
    does, EmailUnusable, LinkNeeded, AccountSuspended."""
    person = trips.end_trip(database, provider, answer, origin)
    with database.begin() as session:
        outcome = _admit(session, signer, person, origin)
    if isinstance(outcome, Problem):
        raise outcome
    return outcome


def begin_link(database: Database, provider: OpenIdProvider, origin: Origin) -> Trip:
    """Sends the caller to a provider to be linked. Raises SignInAgain, ProviderUnavailable."""
    _require_recent_sign_in(database, origin)
    return trips.begin_trip(database, provider, origin.user_id)


def link(database: Database, provider: OpenIdProvider, answer: Answer, origin: Origin) -> LinkedIdentity:
    """The caller's new way in. Raises what end_trip does, SignInAgain, IdentityTaken."""
    _require_recent_sign_in(database, origin)
    person = trips.end_trip(database, provider, answer, origin, origin.user_id)
    with database.begin() as session:
        return linked_identities.link_identity(session, _lock_caller(session, origin), person, origin)


def confirm_link(session: Session, token: str, origin: Origin) -> LinkedIdentity:
    """The caller's new way in, by the ticket of LinkNeeded: who came back from the provider owns the address, and who
    has signed in owns the account. Raises SignInAgain, TicketInvalid for other people's tickets too, IdentityTaken."""
    user = _lock_caller(session, origin)
    ticket = tickets.take_ticket(session, "provider_link", token)
    if ticket.user_id != user.id:
        raise tickets.TicketInvalid
    return linked_identities.link_identity(session, user, Proven(**ticket.data), origin)


def unlink(session: Session, identity_id: UUID, origin: Origin) -> None:
    """Takes a way in from the caller. Raises SignInAgain, IdentityNotFound, LastWayIn."""
    linked_identities.unlink_identity(session, _lock_caller(session, origin), identity_id, origin)


def _admit(
    session: Session, signer: TokenSigner, person: Proven, origin: Origin
) -> SignedIn | SecondFactorNeeded | Problem:
    user = linked_identities.find_owner(session, person)
    if user is None:
        found = _make_account(session, person, origin)
        if isinstance(found, Problem):
            return found
        user = found
    return signing_in.admit(session, signer, user, origin, "provider")


def _make_account(session: Session, person: Proven, origin: Origin) -> User | EmailUnusable | LinkNeeded:
    try:
        address = emails.parse_new_email(person.email)
    except Invalid:
        return EmailUnusable()
    name = "".join(filter(str.isprintable, person.name)).strip()[:LONGEST_NAME]
    if not names.is_visible(name) or names.holds_address(name):
        name = address.given.split("@")[0].replace(".", " ")
    try:
        user = users.create_user(session, NewAccount(address, name, NO_PASSWORD), origin)
    except EmailTaken:
        # Whoever made that account may not be who comes from the provider: both have to be shown.
        by_address = select(User.id).where(User.email_normalized == address.normalized)
        owner = session.scalars(by_address).one()
        return LinkNeeded(tickets.issue_ticket(session, "provider_link", owner, vars(person)))
    linked_identities.add_identity(session, user, person, origin.by(user.id))
    return user


def _lock_caller(session: Session, origin: Origin) -> User:
    assert origin.user_id, "the route asks for who is signed in"
    step_up.require_recent_sign_in(session, str(origin.session_id))
    return users.lock_user(session, origin.user_id)


def _require_recent_sign_in(database: Database, origin: Origin) -> None:
    with database.begin() as session:
        step_up.require_recent_sign_in(session, str(origin.session_id))
