"""What identity itself has of a person: told, and erased."""

from typing import Any
from uuid import UUID

from sqlalchemy import Column, Table, delete, select
from sqlalchemy.orm import Session

from services.identity.api_keys.models import ApiKey
from services.identity.credentials.models import MailLink
from services.identity.emails import EmailAddress
from services.identity.factors.models import Passkey
from services.identity.instructors.models import InstructorApplication
from services.identity.models import Base, User, UserSession
from services.identity.providers.models import LinkedIdentity
from services.identity.throttle import hash_address
from shared.auditing.listing import select_own
from shared.auditing.tables import audit
from shared.privacy import Counts, Rows

NOBODY = "Erased person"
# No password has this hash, and no address this form (RFC 2606 keeps `.invalid` free).
NO_PASSWORD = "!"


def _of_user(user_id: UUID) -> Any:
    columns = (User.id, User.email, User.name, User.headline, User.bio, User.locale, User.time_zone, User.avatar_id)
    return select(*columns, User.roles, User.status, User.created_at, User.updated_at).where(User.id == user_id)


def _of_sessions(user_id: UUID) -> Any:
    columns = (UserSession.user_agent, UserSession.ip, UserSession.created_at, UserSession.last_seen_at)
    return select(*columns, UserSession.authenticated_at, UserSession.factors).where(UserSession.user_id == user_id)


def _of_passkeys(user_id: UUID) -> Any:
    return select(Passkey.name, Passkey.created_at, Passkey.last_used_at).where(Passkey.user_id == user_id)


def _of_linked_identities(user_id: UUID) -> Any:
    columns = (LinkedIdentity.issuer, LinkedIdentity.subject, LinkedIdentity.email)
    times = (LinkedIdentity.created_at, LinkedIdentity.last_used_at)
    return select(*columns, *times).where(LinkedIdentity.user_id == user_id)


def _of_api_keys(user_id: UUID) -> Any:
    columns = (ApiKey.name, ApiKey.prefix, ApiKey.scopes, ApiKey.created_at, ApiKey.expires_at, ApiKey.last_used_at)
    return select(*columns).where(ApiKey.user_id == user_id)


def _of_audit(user_id: UUID) -> Any:
    # Without the exports before this one: each would be longer than the last.
    return select_own(user_id).where(audit.c.action != "user.export_requested")


# Never whole tables: hashes of passwords and tokens are of no use to the person, and of much to a thief of the file.
EXPORT: dict[str, Rows] = {
    "users": _of_user,
    "sessions": _of_sessions,
    "instructor_applications": lambda user_id: select(InstructorApplication.__table__).where(
        InstructorApplication.user_id == user_id
    ),
    "passkeys": _of_passkeys,
    "linked_identities": _of_linked_identities,
    "api_keys": _of_api_keys,
    "audit": _of_audit,
}


def anonymize_user(session: Session, user: User) -> None:
    """Leaves of a locked account its id, its version and when it was made. Safe to repeat."""
    address = EmailAddress(user.email, user.email_normalized)
    session.execute(delete(MailLink).where(MailLink.address_hash == hash_address(address)))
    user.email = user.email_normalized = f"{user.id}@erased.invalid"
    user.headline = user.bio = ""
    user.avatar_id = None
    user.locale, user.time_zone = "en", "UTC"
    user.name, user.password_hash, user.roles, user.status = NOBODY, NO_PASSWORD, [], "erased"


def delete_belongings(session: Session, user_id: UUID) -> Counts:
    """Empties every table that hangs on the account, whichever it is: a new one cannot be forgotten here."""
    counts: Counts = {}
    for table, column in _hanging_on_users():
        counts[table.name] = len(session.execute(delete(table).where(column == user_id).returning(column)).all())
    return counts


def _hanging_on_users() -> list[tuple[Table, Column[Any]]]:
    tables = Base.metadata.sorted_tables
    return [(table, key.parent) for table in tables for key in table.foreign_keys if key.column.table.name == "users"]
