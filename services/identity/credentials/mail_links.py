"""Links that prove a mailbox: 256 random bits, stored hashed, good once and for a while.

The link itself is put together by notifications from its own settings; a request's Host never gets into it.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from services.identity import secret_tokens
from services.identity.credentials.models import MailLink
from services.identity.emails import EmailAddress
from services.identity.throttle import hash_address
from shared import limits
from shared.errors import Problem
from shared.limits import Limit

Purpose = Literal["registration", "password_reset", "email_change"]
LIFETIMES: dict[Purpose, timedelta] = {
    "registration": timedelta(hours=24),
    "password_reset": timedelta(hours=1),
    "email_change": timedelta(hours=24),
}
# Nobody can fill another's mailbox through our forms.
_HOUR, _LOOK = timedelta(hours=1), "Look into the mailbox for the last one."
REGISTRATION_MAILS = Limit("registration-mails", "links to register", 3, "mailbox", _HOUR, _LOOK)
RESET_MAILS = Limit("password-reset-mails", "links to set a password", 3, "mailbox", _HOUR, _LOOK)
CHANGE_MAILS = Limit("email-change-mails", "links to change an address", 3, "mailbox", _HOUR, _LOOK)
LIMITS: dict[Purpose, Limit] = {
    "registration": REGISTRATION_MAILS,
    "password_reset": RESET_MAILS,
    "email_change": CHANGE_MAILS,
}


class LinkInvalid(Problem):
    status, slug, title = 410, "link-invalid", "This link is not valid"
    detail = "It is unknown, expired or used already. Ask for a new one."


@dataclass(frozen=True)
class IssuedLink:
    """A link to be mailed: `token` completes it and is known to nobody else."""

    id: UUID
    token: str
    expires_at: datetime


def issue_link(
    session: Session,
    purpose: Purpose,
    email: EmailAddress,
    user_id: UUID | None,
    payload: dict[str, Any],
    lifetime: timedelta | None = None,
) -> IssuedLink | None:
    """A new link for an address, or None when its mailbox got those for this hour already. It lives as long as its
    purpose says, unless a `lifetime` does."""
    if not limits.use_if_free(session, LIMITS[purpose], email.mailbox_hash):
        return None
    now = datetime.now(UTC)
    expires_at = now + (lifetime or LIFETIMES[purpose])
    link, token = uuid7(), secret_tokens.new_token()
    session.add(
        MailLink(
            id=link,
            purpose=purpose,
            token_hash=secret_tokens.hash_token(token),
            address_hash=hash_address(email),
            user_id=user_id,
            payload=payload,
            created_at=now,
            expires_at=expires_at,
        )
    )
    return IssuedLink(link, token, expires_at)


def get_link(session: Session, purpose: Purpose, token: str) -> MailLink:
    """A link that could be redeemed now. Raises LinkInvalid, with the same words for every cause."""
    by_token = select(MailLink).where(
        MailLink.token_hash == secret_tokens.hash_token(token), MailLink.purpose == purpose
    )
    link = session.scalars(by_token).one_or_none()
    if link is None or link.used_at or link.expires_at <= datetime.now(UTC):
        raise LinkInvalid
    return link


def redeem_link(session: Session, purpose: Purpose, token: str) -> MailLink:
    """The link, spent by this transaction and by no other: the row's lock decides between parallel redemptions.
    Raises LinkInvalid."""
    unspent = update(MailLink).where(
        MailLink.token_hash == secret_tokens.hash_token(token),
        MailLink.purpose == purpose,
        MailLink.used_at.is_(None),
        MailLink.expires_at > func.now(),
    )
    spent = unspent.values(used_at=func.now()).returning(MailLink)
    # As the row is now: it may have been read before another transaction changed it.
    link = session.scalars(spent.execution_options(populate_existing=True)).one_or_none()
    if link is None:
        raise LinkInvalid
    return link


def void_links(session: Session, user_id: UUID, purpose: Purpose | None = None) -> None:
    """Spends every unused link of an account, or only those of one purpose."""
    unspent = update(MailLink).where(MailLink.user_id == user_id, MailLink.used_at.is_(None))
    if purpose:
        unspent = unspent.where(MailLink.purpose == purpose)
    session.execute(unspent.values(used_at=func.now()))
