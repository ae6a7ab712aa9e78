"""Tickets between the steps of a sign-in: 256 random bits, stored hashed, good once and for minutes."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from services.identity import secret_tokens
from services.identity.factors.models import Ticket
from shared.errors import Problem

Purpose = Literal["second_factor", "passkey_new", "passkey_sign_in", "provider", "provider_link"]
LIFETIME = timedelta(minutes=10)


class TicketInvalid(Problem):
    status, slug, title = 410, "ticket-invalid", "This sign-in has taken too long"
    detail = "Its ticket is unknown, expired or used. Begin anew."


@dataclass(frozen=True)
class TakenTicket:
    """What an earlier step left for this one."""

    user_id: UUID | None
    data: dict[str, Any]

    @property
    def factors(self) -> tuple[str, ...]:
        """What the earlier steps have proven; empty in tickets of the release before."""
        return tuple(self.data.get("factors", ()))


def issue_ticket(session: Session, purpose: Purpose, user_id: UUID | None, data: dict[str, Any]) -> str:
    """The secret of a new ticket."""
    token = secret_tokens.new_token()
    row = Ticket(token_hash=secret_tokens.hash_token(token), purpose=purpose, user_id=user_id, data=data)
    row.expires_at = datetime.now(UTC) + LIFETIME
    session.add(row)
    session.flush()
    return token


def get_ticket(session: Session, purpose: Purpose, token: str) -> TakenTicket:
    """What the ticket says; it stays good. Raises TicketInvalid."""
    own = select(Ticket).where(Ticket.token_hash == secret_tokens.hash_token(token), Ticket.purpose == purpose)
    ticket = session.scalars(own.where(Ticket.expires_at > func.now())).one_or_none()
    if ticket is None:
        raise TicketInvalid
    return TakenTicket(ticket.user_id, ticket.data)


def take_ticket(session: Session, purpose: Purpose, token: str) -> TakenTicket:
    """What the ticket says, which no other request gets any more. Raises TicketInvalid."""
    own = delete(Ticket).where(Ticket.token_hash == secret_tokens.hash_token(token), Ticket.purpose == purpose)
    taken = session.execute(own.where(Ticket.expires_at > func.now()).returning(Ticket.user_id, Ticket.data)).first()
    if taken is None:
        raise TicketInvalid
    return TakenTicket(taken.user_id, taken.data)
