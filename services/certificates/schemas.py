"""Shapes of the certificates API."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from shared.schemas import Input, ShortText


def _with_a_reason(value: str) -> str:
    if len(value) < 3:
        raise ValueError("must say why, in at least 3 signs")
    return value


class DecisionCreate(Input):
    """`reason` is kept, and for a revocation shown to the learner."""

    reason: Annotated[ShortText, AfterValidator(_with_a_reason)]


class CertificateRead(BaseModel):
    """`code` and `verify_url` may be given to anyone. `course_slug` is today's, null while the course is unknown here.
    `revocation_reason` is null while the certificate is valid."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    code: str = Field(examples=["7K3M-9QTV-2XAB-44ZC-PQRS-T0WX-YZ19"])
    course_id: UUID
    course_title: str
    course_slug: str | None
    learner_name: str
    completed_at: datetime
    issued_at: datetime
    status: Literal["valid", "revoked"]
    revoked_at: datetime | None
    revocation_reason: str | None
    verify_url: str
    version: int


class CertificateAdminRead(CertificateRead):
    """`withdrawal_reason` is set while an administrator's revocation is in force."""

    user_id: UUID
    withdrawal_reason: str | None
    pdf_sha256: str | None


class DecisionRead(BaseModel):
    """Who did what to a certificate, when and why."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    action: Literal["revoke", "restore"]
    reason: str
    actor_id: UUID
    decided_at: datetime


class VerificationRead(BaseModel):
    """The public answer. `learner_name` is shortened. `pdf_sha256` is the SHA-256 of the genuine PDF, null when it was
    never downloaded: a file with another hash was altered."""

    status: Literal["valid", "revoked"]
    code: str
    issuer: str
    course_title: str
    learner_name: str
    completed_at: datetime
    issued_at: datetime
    revoked_at: datetime | None
    pdf_sha256: str | None
