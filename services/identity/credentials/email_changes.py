"""Another e-mail address for an account: it counts when both mailboxes have confirmed it.

The new one, so that nobody takes an address that is not theirs. The present one, because the account belongs to whoever
reads it: a found session, even with the password, must not move the account away from its owner. So there is nothing
that a thief could wait for or that would have to be undone.

For who has lost the present mailbox an administrator can stand in for it, by name and with a reason in the audit log.
The old mailbox gets word of that, and the new one still has to confirm.
"""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import String, cast, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from services.identity import emails, security_news, sessions, step_up, users
from services.identity.api_keys import keys
from services.identity.audit import Origin
from services.identity.credentials import mail_links
from services.identity.credentials.mail_links import LinkInvalid
from services.identity.credentials.models import MailLink
from services.identity.emails import EmailAddress
from services.identity.models import User, UserSession
from shared import audit, limits, outbox
from shared.errors import Conflict, Invalid
from shared.events import EmailChangeRequested, RegistrationRepeated


class CannotMove(Conflict):
    slug, title = "cannot-move", "This account cannot be moved to another address"
    detail = "It must be active and not an administrator's; have another administrator take that role first."


def request_change(session: Session, email: str, origin: Origin) -> None:
    """Mails a link to the new address and one to the present; an earlier change that waits is void. Whether the new
    address has an account is said in the mail to it and nowhere else. Raises Invalid("email")."""
    assert origin.user_id, "only the signed in have an address to change"
    new = emails.parse_new_email(email)
    user = users.lock_user(session, origin.user_id)
    if new.normalized == user.email_normalized:
        raise Invalid("email", "is the address of your account already")
    mail_links.void_links(session, user.id, "email_change")
    by_sid = select(UserSession.id).where(cast(UserSession.sid, String) == origin.session_id)
    payload = {
        "change": str(uuid7()),
        "email": new.given,
        "email_normalized": new.normalized,
        "session": str(session.scalars(by_sid).one()),
    }
    _mail_links(session, user, new, payload)
    audit.record(session, origin, "user.email_change_requested", user.id)


def move_account(session: Session, user_id: UUID, email: str, reason: str, origin: Origin) -> None:
    """Mails a link to the new address, which alone completes the change, and word of it to the old one. Raises
    Invalid("email"), SignInAgain, UserNotFound, CannotMove, EmailTaken, LimitReached."""
    step_up.require_recent_sign_in(session, str(origin.session_id))
    new = emails.parse_new_email(email)
    user = users.lock_user(session, user_id)
    if user.status != "active" or "admin" in user.roles:
        raise CannotMove
    if session.scalars(select(User.id).where(User.email_normalized == new.normalized)).one_or_none():
        raise users.EmailTaken
    mail_links.void_links(session, user.id, "email_change")
    payload = {"email": new.given, "email_normalized": new.normalized, "session": None, "other_confirmed": True}
    link = mail_links.issue_link(session, "email_change", new, user.id, payload)
    if link is None:
        raise limits.reached(session, mail_links.CHANGE_MAILS, new.mailbox_hash)
    facts = {"user_id": user.id, "version": user.version, "token": link.token, "expires_at": link.expires_at}
    outbox.add(session, EmailChangeRequested(**facts, new_email=new.given, to_new=True))
    security_news.tell(session, user, "email_move_begun", origin)
    audit.record(session, origin, "user.email_move_begun", user.id, reason=reason)


def confirm_change(session: Session, token: str, origin: Origin) -> bool:
    """True when the account has its new address now, False while the other mailbox has not confirmed. Raises
    LinkInvalid, also when the address has got another account meanwhile."""
    owner = mail_links.get_link(session, "email_change", token).user_id
    # The account first: the two links of a change are never redeemed at the same moment.
    user = users.lock_user(session, owner) if owner else None
    link = mail_links.redeem_link(session, "email_change", token)
    if user is None or user.status != "active":
        raise LinkInvalid
    if link.payload.get("other_confirmed"):
        _change_address(session, user, link.payload, origin.by(user.id))
        return True
    other = _get_other_link(session, link)
    other.payload = {**other.payload, "other_confirmed": True}
    return False


def _mail_links(session: Session, user: User, new: EmailAddress, payload: dict[str, Any]) -> None:
    taken_by = select(User.id, User.version).where(User.email_normalized == new.normalized)
    holder = session.execute(taken_by).one_or_none()
    # Always in this order, so that two people who want each other's address do not wait for each other.
    both = sorted((new, emails.parse_email(user.email)), key=lambda address: address.mailbox_hash)
    links = {address: mail_links.issue_link(session, "email_change", address, user.id, payload) for address in both}
    if None in links.values():
        return
    for address, link in links.items():
        assert link
        if address == new and holder:
            told = {"user_id": holder.id, "version": holder.version, "attempted_at": datetime.now(UTC)}
            outbox.add(session, RegistrationRepeated(**told))
            continue
        facts = {"user_id": user.id, "version": user.version, "token": link.token, "expires_at": link.expires_at}
        outbox.add(session, EmailChangeRequested(**facts, new_email=new.given, to_new=address == new))


def _get_other_link(session: Session, link: MailLink) -> MailLink:
    same_change = MailLink.payload["change"].astext == link.payload["change"]
    others = select(MailLink).where(MailLink.user_id == link.user_id, MailLink.id != link.id, same_change)
    other = session.scalars(others.where(MailLink.used_at.is_(None), MailLink.expires_at > func.now())).one_or_none()
    if other is None:
        raise LinkInvalid
    return other


def _change_address(session: Session, user: User, wanted: dict[str, Any], origin: Origin) -> None:
    try:
        with session.begin_nested():
            user.email, user.email_normalized = wanted["email"], wanted["email_normalized"]
            session.flush()
    except IntegrityError as error:
        raise LinkInvalid from error
    mail_links.void_links(session, user.id)
    kept = wanted["session"]
    ended = sessions.end_all_sessions(session, user.id, kept=UUID(kept) if kept else None)
    if not kept:
        # Support has moved it: the mailbox, and perhaps more, was in other hands.
        keys.revoke_all_keys(session, user, origin)
    audit.record(session, origin, "user.email_changed", user.id, sessions_ended=ended)
    # Before the news of the new address, so that the old mailbox hears of it.
    security_news.tell(session, user, "email_changed", origin)
    users.announce_update(session, user)
