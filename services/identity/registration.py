"""Signing up."""

from services.identity import emails, password_strength, users
from services.identity.audit import Origin
from services.identity.models import User
from services.identity.passwords import hashing_slot
from shared.database import Database

FIRST_ROLES = ("student",)


def register(database: Database, email: str, name: str, password: str, origin: Origin) -> User:
    """A new student. Raises Invalid("email"), WeakPassword, EmailTaken.

    Takes the database and not a session: no connection is held while the password is hashed. A taken address is
    noticed after the hashing, so that both answers take equally long.
    """
    address = emails.parse_email(email)
    password_strength.refuse_weak_password(password, [address.given, name])
    with hashing_slot() as hasher:
        password_hash = hasher.hash(password)
    with database.begin() as session:
        return users.create_user(session, address, name, password_hash, FIRST_ROLES, origin)
