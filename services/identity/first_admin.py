"""The first administrator: `python -m services.identity.first_admin` with ADMIN_EMAIL and ADMIN_PASSWORD.

Exit code 0: made now, or there is an administrator already (nothing is changed then, so it may run at every
deployment). 1: refused, the reason is on standard error. 2: a variable is missing.
"""

import sys

from sqlalchemy.exc import OperationalError

from services.identity import administration, emails, password_strength, users
from services.identity.audit import Origin
from services.identity.passwords import hashing_slot
from services.identity.settings import FirstAdminSettings
from services.identity.users import NewAccount
from shared import startup
from shared.database import Database
from shared.errors import Problem
from shared.telemetry import configure_logging, get_logger

log = get_logger(__name__)

NAME = "Administrator"
ORIGIN = Origin(ip="", user_agent="first_admin", request_id="")


def make_first_admin(database: Database, email: str, password: str) -> bool:
    """True when the account was made, False when an administrator exists.
    Raises Invalid("email"), WeakPassword, EmailTaken."""
    address = emails.parse_new_email(email)
    password_strength.refuse_weak_password(password, [address.given])
    with hashing_slot() as hasher:
        password_hash = hasher.hash(password)
    with database.begin() as session:
        if administration.has_admin(session):
            return False
        users.create_user(session, NewAccount(address, NAME, password_hash, ("admin",)), ORIGIN)
        return True


def main() -> int:
    """Command line; returns the exit code."""
    settings = startup.read(FirstAdminSettings, "identity")
    configure_logging("identity-first-admin", settings.log_level)
    password = settings.admin_password.get_secret_value()
    if not settings.admin_email or not password:
        return _fail("set ADMIN_EMAIL and ADMIN_PASSWORD", 2)
    database = Database(settings.database_url("identity"), "identity", pool_size=1)
    try:
        made = make_first_admin(database, settings.admin_email, password)
    except users.EmailTaken:
        # Registering with the address of ADMIN_EMAIL must not be a way to become an administrator.
        return _fail("ADMIN_EMAIL belongs to an account that is not an active administrator; use another address")
    except Problem as problem:
        return _fail(problem.detail)
    except OperationalError as error:
        return _fail(f"the database does not answer: {error.orig}")
    finally:
        database.close()
    log.info("first administrator made" if made else "an administrator exists already, nothing changed")
    return 0


def _fail(reason: str, code: int = 1) -> int:
    sys.stderr.write(f"first_admin: {reason}\n")
    return code


if __name__ == "__main__":
    raise SystemExit(main())
