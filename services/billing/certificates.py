"""What certificates made of completed courses, as far as reconciliation must know."""

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.billing.models import Certificate
from shared.events import CertificateIssued, CertificateRestored, CertificateRevoked

CertificateChange = CertificateIssued | CertificateRevoked | CertificateRestored


def record_certificate(session: Session, event: CertificateChange) -> None:
    """Whether the learner's certificate is valid; an older event changes nothing."""
    values = {"version": event.version, "valid": not isinstance(event, CertificateRevoked)}
    statement = insert(Certificate).values(user_id=event.user_id, course_id=event.course_id, **values)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["user_id", "course_id"], set_=values, where=Certificate.version < event.version
        )
    )
