"""An administrator makes an account for somebody, who sets its password by a mailed link."""

import secrets
from datetime import timedelta

from services.identity import emails, users
from services.identity.audit import Origin
from services.identity.credentials import mail_links
from services.identity.models import User
from services.identity.passwords import hashing_slot
from services.identity.users import NewAccount
from shared import outbox
from shared.database import Database
from shared.events import UserInvited

# After it "forgotten password" does the same, with a fresh link.
ANSWERED_WITHIN = timedelta(days=7)


def invite_user(database: Database, email: str, name: str, roles: tuple[str, ...], origin: Origin) -> User:
    """A new account whose password nobody knows yet; the mail has the link that sets one. Raises Invalid("email"),
    EmailTaken.

    Takes the database and not a session: no connection is held while the password is hashed. A hash like any other, so
    that signing in takes equally long whether somebody has answered their invitation or not.
    """
    address = emails.parse_new_email(email)
    with hashing_slot() as hasher:
        nobodys = hasher.hash(secrets.token_urlsafe(32))
    with database.begin() as session:
        user = users.create_user(session, NewAccount(address, name, nobodys, roles), origin)
        link = mail_links.issue_link(session, "password_reset", address, user.id, {}, ANSWERED_WITHIN)
        if link:
            facts = {"user_id": user.id, "version": user.version, "token": link.token, "expires_at": link.expires_at}
            outbox.add(session, UserInvited(**facts))
        return user
