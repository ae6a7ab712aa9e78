"""What certificates publishes."""

from typing import ClassVar
from uuid import UUID

from pydantic import AwareDatetime

from shared.events.event import Event


class CertificateEvent(Event):
    source: ClassVar[str] = "certificates"
    subject_field: ClassVar[str] = "certificate_id"
    certificate_id: UUID
    version: int
    user_id: UUID
    course_id: UUID
    course_title: str
    code: str


class CertificateIssued(CertificateEvent):
    issued_at: AwareDatetime


class CertificateRevoked(CertificateEvent):
    reason: str = ""


class CertificateRestored(CertificateEvent):
    """It is valid again: the access is back, or its withdrawal was taken back."""
