"""The PDF of a certificate: printed at its first download, the same bytes ever after.

At the first download and not when the certificate is issued: the issuing transaction stays short, the worker needs no
ReportLab, and a certificate that exists can be downloaded, with no state in between to wait for. What makes it safe is
the order: the file first, under a key of its own, then the row that names it. A crash in between leaves a file that
nobody knows; of two first downloads at once one row wins and both send its bytes.
"""

from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import update
from sqlalchemy.orm import Session

from services.certificates.codes import show_code
from services.certificates.diploma import Diploma, Render
from services.certificates.models import Certificate
from shared import failpoints
from shared.errors import Conflict, Problem
from shared.storage import Storage, new_key
from shared.telemetry import get_logger

log = get_logger(__name__)

VERIFY_PATH = "/api/v1/certificates/verify"


class CertificateIsRevoked(Conflict):
    slug = "certificate-revoked"
    title = "This certificate is revoked"
    detail = "There is no PDF while it is revoked. `revocation_reason` of the certificate says why."


class PrintDamaged(Problem):
    status, slug, title = 500, "certificate-pdf-damaged", "The stored PDF is damaged"
    detail = "It is missing or altered and could not be made again. Tell support the request id; nothing else is lost."


@dataclass(frozen=True)
class Press:
    """What printing needs besides the certificate. `public_url`: the gateway, no slash at its end."""

    storage: Storage
    render: Render
    academy: str
    public_url: str


@dataclass(frozen=True)
class Print:
    """A PDF and its SHA-256 in hexadecimal."""

    content: bytes
    sha256: str


def get_print(session: Session, press: Press, certificate: Certificate) -> Print:
    """The certificate's PDF, printed now if it never was. Raises CertificateIsRevoked, PrintDamaged."""
    if certificate.status == "revoked":
        raise CertificateIsRevoked
    if certificate.pdf_sha256 is None:
        _print(session, press, certificate)
    return _stored(press, certificate)


def verify_url(public_url: str, code: str) -> str:
    """The public address that says whether the certificate with this stored code stands."""
    return f"{public_url}{VERIFY_PATH}/{show_code(code)}"


def _print(session: Session, press: Press, certificate: Certificate) -> None:
    content = press.render(_diploma(press, certificate))
    key = new_key("certificates")
    press.storage.put(key, content)
    failpoints.reach("certificate-before-row")
    unprinted = update(Certificate).where(Certificate.id == certificate.id, Certificate.pdf_sha256.is_(None))
    values = {"pdf_key": key, "pdf_sha256": sha256(content).hexdigest()}
    won = session.execute(unprinted.values(**values).returning(Certificate.id)).first()
    session.refresh(certificate)
    if won is None:
        press.storage.delete(key)


def _stored(press: Press, certificate: Certificate) -> Print:
    assert certificate.pdf_key is not None
    assert certificate.pdf_sha256 is not None
    try:
        content = press.storage.get(certificate.pdf_key)
    except FileNotFoundError:
        content = b""
    if sha256(content).hexdigest() != certificate.pdf_sha256:
        content = _repaired(press, certificate)
    return Print(content, certificate.pdf_sha256)


def _repaired(press: Press, certificate: Certificate) -> bytes:
    """The file made again from the row. It may go out only if it is the same: the hash is a promise."""
    log.error("stored PDF missing or altered", certificate_id=str(certificate.id), key=certificate.pdf_key)
    content = press.render(_diploma(press, certificate))
    if sha256(content).hexdigest() != certificate.pdf_sha256:
        raise PrintDamaged
    press.storage.put(str(certificate.pdf_key), content)
    return content


def _diploma(press: Press, certificate: Certificate) -> Diploma:
    return Diploma(
        academy=press.academy,
        learner_name=certificate.learner_name,
        course_title=certificate.course_title,
        completed_at=certificate.completed_at,
        issued_at=certificate.issued_at,
        code=show_code(certificate.code),
        verify_url=verify_url(press.public_url, certificate.code),
    )
