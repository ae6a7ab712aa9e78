"""Signing up: an account begins when its address is proven, so nobody's address is used behind their back.

Who follows the mailed link sets the password, on the page of the link. So registering a foreign address gains nothing:
whoever asked for the link knows no password of the account that its reader makes.
"""

from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.identity import emails, password_strength, signing_in, users
from services.identity.access_tokens import TokenSigner
from services.identity.audit import Origin
from services.identity.credentials import mail_links
from services.identity.credentials.mail_links import LinkInvalid
from services.identity.credentials.models import MailLink
from services.identity.emails import EmailAddress
from services.identity.models import User
from services.identity.passwords import hashing_slot
from services.identity.sessions import SignedIn
from services.identity.users import NewAccount
from shared import outbox
from shared.database import Database
from shared.errors import Problem
from shared.events import EmailVerificationRequested, RegistrationRepeated


def register(session: Session, email: str, name: str) -> None:
    """Sends a mail: a link that makes the account, or word that there is one already. The caller cannot tell which: a
    known address writes as much as an unknown one. Raises Invalid("email")."""
    address = emails.parse_new_email(email)
    payload = {"email": address.given, "email_normalized": address.normalized, "name": name}
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
        ),
    )


def confirm_registration(
    database: Database, signer: TokenSigner, token: str, password: str, origin: Origin
) -> tuple[User, SignedIn]:
    """The new student whom a link makes, with the password of who followed it, and their first session. Raises
    WeakPassword, which leaves the link good, and LinkInvalid, also when the address has got an account meanwhile.

    Takes the database and not a session: no connection is held while the password is hashed.
    """
    with database.begin() as session:
        wanted = _read_payload(mail_links.get_link(session, "registration", token))
    password_strength.refuse_weak_password(password, [wanted["email"], wanted["name"]])
    with hashing_slot() as hasher:
        password_hash = hasher.hash(password)
    with database.begin() as session:
        link = mail_links.redeem_link(session, "registration", token)
        address = EmailAddress(wanted["email"], wanted["email_normalized"])
        account = NewAccount(address, wanted["name"], password_hash, id=link.id)
        link.payload = {}
        try:
            user = users.create_user(session, account, origin)
        except users.EmailTaken as error:
            raise LinkInvalid from error
        outcome = signing_in.enter(session, signer, user, origin, ("registration_link", "password"))
        if isinstance(outcome, Problem):
            raise outcome
        return user, outcome


def _read_payload(link: MailLink) -> dict[str, str]:
    # The link of an account that exists, or was used, makes none.
    if not link.payload:
        raise LinkInvalid
    return dict(link.payload)
