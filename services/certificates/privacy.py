"""What certificates has of a person, and its erasure."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.certificates.certificates import settle_certificate
from services.certificates.models import Certificate, Decision, Enrollment, Learner
from shared.privacy import Counts, Privacy
from shared.storage import Storage

HOLDER_ERASED = "the holder's personal data was erased"
NOBODY = "Erased"


def create_privacy(storage: Storage) -> Privacy:
    """With the storage that holds the PDFs."""

    def erase(session: Session, user_id: UUID, version: int) -> Counts:
        """A certificate without its holder certifies nothing: it is revoked, its name and its PDF go, and its code says
        so to whoever asks."""
        certificates = session.scalars(
            select(Certificate).where(Certificate.user_id == user_id).with_for_update()
        ).all()
        for certificate in certificates:
            if certificate.pdf_key is not None:
                # Before the row forgets where it is. Gone without the commit: the repetition finds nothing to do.
                storage.delete(certificate.pdf_key)
            certificate.pdf_key = certificate.pdf_sha256 = None
            certificate.learner_name, certificate.withdrawal_reason = NOBODY, HOLDER_ERASED
            settle_certificate(session, certificate)
        _forget_name(session, user_id, version)
        return {"certificates": len(certificates), "learners": 1}

    return Privacy(
        "certificates",
        {
            "learners": lambda user_id: select(Learner.__table__).where(Learner.user_id == user_id),
            "enrollments": lambda user_id: select(Enrollment.__table__).where(Enrollment.user_id == user_id),
            "certificates": lambda user_id: select(Certificate.__table__).where(Certificate.user_id == user_id),
            "decisions": lambda user_id: (
                select(Decision.__table__)
                .join(Certificate, Certificate.id == Decision.certificate_id)
                .where(Certificate.user_id == user_id)
            ),
        },
        erase,
    )


def _forget_name(session: Session, user_id: UUID, version: int) -> None:
    # A tombstone with the newest version: no older event of the account brings the name back.
    nobody = insert(Learner).values(user_id=user_id, version=version, name=NOBODY)
    session.execute(
        nobody.on_conflict_do_update(
            index_elements=["user_id"], set_={"version": nobody.excluded.version, "name": nobody.excluded.name}
        )
    )
