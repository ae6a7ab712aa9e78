"""Seeing what a person sees: an administrator acts in their name, for half an hour, and every trace says so.

It is a session of the person's account that names its impersonator. So it ends like any session: by logout, when either
account is suspended, signed out or changes roles. Its tokens carry `act`; what they cannot do is data in
shared/permissions.py.
"""

from datetime import timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from services.identity import administration, sessions, users
from services.identity.access_tokens import TokenSigner
from services.identity.audit import Origin
from services.identity.authentications import Authentication
from services.identity.sessions import SignedIn
from shared import audit
from shared.errors import Conflict, Forbidden

DURATION = timedelta(minutes=30)


class CannotImpersonate(Conflict):
    slug, title = "cannot-impersonate", "Nobody may act in this account's name"
    detail = "It must be active, not your own, and not an administrator's."


def start_impersonation(session: Session, signer: TokenSigner, user_id: UUID, reason: str, origin: Origin) -> SignedIn:
    """Tokens to act in somebody's name. Raises UserNotFound, CannotImpersonate, Forbidden when the caller has stopped
    being an administrator a moment ago."""
    # No change of roles meanwhile: who is demoted at this moment must not slip away under another name.
    administration.lock_admins(session)
    impersonator = users.get_user(session, origin.user_id) if origin.user_id else None
    if impersonator is None or "admin" not in impersonator.roles or impersonator.status != "active":
        raise Forbidden
    user = users.lock_user(session, user_id)
    if user.status != "active" or "admin" in user.roles or user.id == impersonator.id:
        raise CannotImpersonate
    started = sessions.open_session(
        session, user.id, origin, DURATION, Authentication(("impersonation",)), impersonator.id
    )
    audit.record(session, origin, "user.impersonated", user.id, reason=reason, sid=str(started.sid))
    return sessions.extend_chain(session, signer, user, started, parent=None)
