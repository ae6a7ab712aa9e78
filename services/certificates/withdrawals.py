"""An administrator withdraws a certificate, or takes the withdrawal back; each act is kept with who and why."""

from collections.abc import Sequence
from typing import Literal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from services.certificates.certificates import get_for_update, settle_certificate
from services.certificates.models import Certificate, Decision
from shared.errors import Conflict


class AlreadyWithdrawn(Conflict):
    slug = "certificate-already-revoked"
    title = "This certificate is revoked already"
    detail = "Nothing is left to do. To change the reason, restore it and revoke it again."


class NotWithdrawn(Conflict):
    slug = "certificate-not-revoked-by-hand"
    title = "No administrator has revoked this certificate"
    detail = "If it is revoked, the learner has lost access to the course; it comes back with the access."


def withdraw_certificate(session: Session, certificate_id: UUID, actor_id: UUID, session_id: str, reason: str) -> None:
    """Revokes it until restored, whatever happens to the learner's access. Raises AlreadyWithdrawn."""
    certificate = get_for_update(session, certificate_id)
    if certificate.withdrawal_reason is not None:
        raise AlreadyWithdrawn
    certificate.withdrawal_reason = reason
    settle_certificate(session, certificate)
    session.add(_decision(certificate, "revoke", actor_id, session_id, reason))


def restore_certificate(session: Session, certificate_id: UUID, actor_id: UUID, session_id: str, reason: str) -> None:
    """Ends the withdrawal. The certificate is valid again if the learner has access. Raises NotWithdrawn."""
    certificate = get_for_update(session, certificate_id)
    if certificate.withdrawal_reason is None:
        raise NotWithdrawn
    certificate.withdrawal_reason = None
    settle_certificate(session, certificate)
    session.add(_decision(certificate, "restore", actor_id, session_id, reason))


def list_decisions(session: Session, certificate_id: UUID, after: UUID | None, limit: int) -> Sequence[Decision]:
    """What administrators did with this certificate, newest first; one row more than `limit` when there are more."""
    query = select(Decision).where(Decision.certificate_id == certificate_id)
    if after is not None:
        query = query.where(Decision.id < after)
    return session.scalars(query.order_by(Decision.id.desc()).limit(limit + 1)).all()


def _decision(
    certificate: Certificate, action: Literal["revoke", "restore"], actor_id: UUID, session_id: str, reason: str
) -> Decision:
    return Decision(
        id=uuid7(),
        certificate_id=certificate.id,
        action=action,
        reason=reason,
        actor_id=actor_id,
        session_id=session_id,
    )
