"""Signing up: an account begins when its address is proven, so nobody's address is used behind their back.

Each link makes the account with the name and password of its own registration: whoever registers a foreign address
gains nothing, because its owner, registering later, follows the own link.
"""

from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.identity import emails, password_strength, users
from services.identity.audit import Origin
from services.identity.credentials import mail_links
from services.identity.credentials.mail_links import LinkInvalid
from services.identity.emails import EmailAddress
from services.identity.models import User
from services.identity.passwords import hashing_slot
from services.identity.users import NewAccount
from shared import outbox
from shared.database import Database
from shared.events import EmailVerificationRequested, RegistrationRepeated


def register(database: Database, email: str, name: str, password: str) -> None:
    """Sends a mail: a link that makes the account, or word that there is one already. The caller cannot tell which.
    Raises Invalid("email"), WeakPassword.

    Takes the database and not a session: no connection is held while the password is hashed. A known address is
    noticed after the hashing, and writes as much, so that both answers take equally long.
    """
    address = emails.parse_new_email(email)
    password_strength.refuse_weak_password(password, [address.given, name])
    with hashing_slot() as hasher:
        password_hash = hasher.hash(password)
    with database.begin() as session:
        _send_mail(session, NewAccount(address, name, password_hash))


def confirm_registration(session: Session, token: str, origin: Origin) -> User:
    """The new student whom a link makes. Raises LinkInvalid, also when the address has got an account meanwhile."""
    link = mail_links.redeem_link(session, "registration", token)
    if not link.payload:
        raise LinkInvalid
    address = EmailAddress(link.payload["email"], link.payload["email_normalized"])
    account = NewAccount(address, link.payload["name"], link.payload["password_hash"], id=link.id)
    link.payload = {}
    try:
        return users.create_user(session, account, origin)
    except users.EmailTaken as error:
        raise LinkInvalid from error


def _send_mail(session: Session, account: NewAccount) -> None:
    address = account.email
    payload = {
        "email": address.given,
        "email_normalized": address.normalized,
        "name": account.name,
        "password_hash": account.password_hash,
    }
    link = mail_links.issue_link(session, "registration", address, None, payload)
    if link is None:
        return
    by_address = select(User.id, User.version).where(User.email_normalized == address.normalized)
    owner = session.execute(by_address).one_or_none()
    if owner:
        outbox.add(
            session, RegistrationRepeated(user_id=owner.id, version=owner.version, attempted_at=datetime.now(UTC))
        )
        return
    outbox.add(
        session,
        EmailVerificationRequested(
            user_id=link.id,
            version=1,
            token=link.token,
            expires_at=link.expires_at,
            email=address.given,
            name=account.name,
        ),
    )
