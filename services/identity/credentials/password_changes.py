"""A new password, by the old one or by a link to the mailbox. Either ends every session, a thief's as well; the
link also ends every API key, because a thief may have made one."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.identity import emails, password_strength, security_news, sessions, throttle, users, ways_in
from services.identity.access_tokens import TokenSigner
from services.identity.api_keys import keys
from services.identity.audit import Origin
from services.identity.authentications import Authentication
from services.identity.credentials import devices, mail_links
from services.identity.models import User
from services.identity.passwords import hashing_slot
from services.identity.security_news import Change
from services.identity.sessions import SignedIn
from services.identity.ways_in import Remaining
from shared import audit, outbox
from shared.database import Database
from shared.errors import Forbidden, Unauthorized
from shared.events import PasswordResetRequested


class WrongPassword(Forbidden):
    slug, title = "wrong-password", "The current password is wrong"

    def __init__(self) -> None:
        errors = [{"field": "current_password", "message": "is not the account's password", "code": "wrong_password"}]
        super().__init__("Type it again, or ask for a link to set a new one.", errors=errors)


def change_password(database: Database, signer: TokenSigner, current: str, new: str, origin: Origin) -> SignedIn:
    """The caller's new session; all others have ended. It was signed in to when and how the calling one was: a password
    proves no second factor. Raises WrongPassword, WeakPassword, TooManyAttempts, Unauthorized when the calling session
    has ended meanwhile."""
    assert origin.user_id, "only the signed in have a password to change"
    with database.begin() as session:
        user = users.get_user(session, origin.user_id)
    password_strength.refuse_weak_password(new, [user.email, user.name])
    guesser = throttle.known_guess("password of", user.id)
    with hashing_slot() as hasher:
        with database.begin() as session:
            throttle.charge_attempt(session, guesser)
        right = hasher.matches(current, user.password_hash)
        new_hash = hasher.hash(new) if right else ""
    with database.begin() as session:
        locked = users.lock_user(session, user.id)
        if not right or locked.password_hash != user.password_hash:
            raise WrongPassword
        throttle.forgive(session, guesser)
        authentication = _read_authentication(session, origin)
        _set_password(session, locked, new_hash, "password_changed", origin)
        device_token = devices.remember_device(session, locked.id, "")
        return sessions.start_session(session, signer, locked, origin, authentication, device_token)


def request_reset(session: Session, email: str) -> None:
    """Mails a link if the address has an account. Whoever asks cannot tell. Raises Invalid("email")."""
    address = emails.parse_email(email)
    by_address = select(User.id, User.version).where(User.email_normalized == address.normalized)
    user = session.execute(by_address).one_or_none()
    link = mail_links.issue_link(session, "password_reset", address, user.id if user else None, {})
    if user and link:
        outbox.add(
            session,
            PasswordResetRequested(user_id=user.id, version=user.version, token=link.token, expires_at=link.expires_at),
        )


def reset_password(database: Database, token: str, new: str, origin: Origin) -> tuple[int, Remaining]:
    """Sets the password of the account that the link was mailed to; its sessions and API keys have ended. Returns how
    many keys there were, and what still opens the account. Raises LinkInvalid, WeakPassword."""
    with database.begin() as session:
        user = users.get_user(session, _owner(mail_links.get_link(session, "password_reset", token).user_id))
    password_strength.refuse_weak_password(new, [user.email, user.name])
    with hashing_slot() as hasher:
        new_hash = hasher.hash(new)
    with database.begin() as session:
        # The account first: the winner voids the account's other links, which another redemption may hold.
        locked = users.lock_user(session, user.id)
        mail_links.redeem_link(session, "password_reset", token)
        origin = origin.by(locked.id)
        revoked = keys.revoke_all_keys(session, locked, origin)
        remaining = ways_in.list_remaining(session, locked.id)
        _set_password(session, locked, new_hash, "password_reset", origin, remaining)
        # Whoever reads the mailbox is no guesser.
        throttle.forgive(session, throttle.strangers_guess(emails.parse_email(locked.email)))
        return revoked, remaining


def _read_authentication(session: Session, origin: Origin) -> Authentication:
    current = sessions.find_session(session, str(origin.session_id), lock=True)
    if current is None or current.revoked_at:
        raise Unauthorized
    return Authentication(tuple(current.factors), current.authenticated_at)


def _owner(user_id: UUID | None) -> UUID:
    if user_id is None:
        raise mail_links.LinkInvalid
    return user_id


def _set_password(
    session: Session, user: User, password_hash: str, change: Change, origin: Origin, remaining: Remaining | None = None
) -> None:
    user.password_hash = password_hash
    mail_links.void_links(session, user.id)
    devices.forget_devices(session, user.id)
    ended = sessions.end_all_sessions(session, user.id)
    audit.record(session, origin, f"user.{change}", user.id, sessions_ended=ended)
    security_news.tell(session, user, change, origin, remaining)
