"""Certificates: issued once per learner and course, found by their owner, settled when a fact changes."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, select
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from services.certificates import projections
from services.certificates.codes import new_code, show_code
from services.certificates.models import Certificate, Course, Enrollment
from services.certificates.standing import standing
from shared import outbox
from shared.errors import NotFound
from shared.events import CertificateIssued, CertificateRestored, CertificateRevoked, CourseCompleted

# A certificate with its course's slug as it is today, None while that course is not known here.
CertificateRow = Row[Certificate, str]


class CertificateNotFound(NotFound):
    slug = "certificate-not-found"
    title = "There is no such certificate"
    detail = "Check the id; a learner sees only their own."


def issue_certificate(session: Session, event: CourseCompleted, learner_name: str) -> None:
    """Issues the learner's certificate for this course, unless there is one already. Name and title are kept as they
    are now: a course renamed later does not change what was certified."""
    projections.lock_enrollment(session, event)
    if _find_for_update(session, event.user_id, event.course_id) is not None:
        return
    certificate = Certificate(
        id=uuid7(),
        code=new_code(),
        user_id=event.user_id,
        course_id=event.course_id,
        learner_name=learner_name,
        course_title=event.course_title,
        completed_at=event.completed_at,
        issued_at=datetime.now(UTC),
    )
    session.add(certificate)
    session.flush()
    outbox.add(session, CertificateIssued(**_facts(certificate), issued_at=certificate.issued_at))
    # The learner's access may have ended before this completion reached us.
    settle_certificate(session, certificate)


def settle_enrollment(session: Session, user_id: UUID, course_id: UUID) -> None:
    """Brings the certificate of this enrollment, if there is one, in line with the facts known now."""
    certificate = _find_for_update(session, user_id, course_id)
    if certificate is not None:
        settle_certificate(session, certificate)


def settle_certificate(session: Session, certificate: Certificate) -> None:
    """Derives the status anew; the caller has locked the row. One that ceases to be valid, or is so again, is
    announced."""
    access = select(Enrollment.active, Enrollment.reason).where(
        Enrollment.user_id == certificate.user_id, Enrollment.course_id == certificate.course_id
    )
    now = standing(certificate.withdrawal_reason, *session.execute(access).one())
    if (now.status, now.reason) == (certificate.status, certificate.revocation_reason):
        return
    was_valid = certificate.status == "valid"
    certificate.status = now.status
    certificate.revocation_reason = now.reason
    certificate.version += 1
    if now.status == "valid":
        certificate.revoked_at = None
        outbox.add(session, CertificateRestored(**_facts(certificate)))
    elif was_valid:
        certificate.revoked_at = datetime.now(UTC)
        outbox.add(session, CertificateRevoked(**_facts(certificate), reason=now.reason or ""))


def get_certificate(session: Session, certificate_id: UUID, owner_id: UUID | None) -> CertificateRow:
    """With an `owner_id` only theirs. Raises CertificateNotFound."""
    query = _with_slug().where(Certificate.id == certificate_id)
    if owner_id is not None:
        query = query.where(Certificate.user_id == owner_id)
    row = session.execute(query).first()
    if row is None:
        raise CertificateNotFound
    return row


def get_for_update(session: Session, certificate_id: UUID) -> Certificate:
    """The certificate, its row locked. Raises CertificateNotFound."""
    certificate = session.get(Certificate, certificate_id, with_for_update=True)
    if certificate is None:
        raise CertificateNotFound
    return certificate


def list_certificates(
    session: Session, filters: dict[str, Any], after: UUID | None, limit: int
) -> Sequence[CertificateRow]:
    """Newest first; `filters` by column, a None asks nothing. One row more than `limit`
    when there are more."""
    query = _with_slug().order_by(Certificate.id.desc()).limit(limit + 1)
    for column, value in filters.items():
        if value is not None:
            query = query.where(getattr(Certificate, column) == value)
    if after is not None:
        query = query.where(Certificate.id < after)
    return session.execute(query).all()


def find_by_code(session: Session, code: str) -> Certificate | None:
    """The certificate with this (stored form of a) code."""
    return session.scalar(select(Certificate).where(Certificate.code == code))


def _with_slug() -> Select[Certificate, str]:
    # The course may not be known here yet: completions do not wait for it.
    course = Course.course_id == Certificate.course_id
    return select(Certificate, Course.slug.label("course_slug")).outerjoin(Course, course)


def _find_for_update(session: Session, user_id: UUID, course_id: UUID) -> Certificate | None:
    query = select(Certificate).where(Certificate.user_id == user_id, Certificate.course_id == course_id)
    return session.scalar(query.with_for_update())


def _facts(certificate: Certificate) -> dict[str, Any]:
    return {
        "certificate_id": certificate.id,
        "version": certificate.version,
        "user_id": certificate.user_id,
        "course_id": certificate.course_id,
        "course_title": certificate.course_title,
        "code": show_code(certificate.code),
    }
