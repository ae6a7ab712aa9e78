"""Whether a certificate stands: a pure function of the facts, so the order in which they arrived cannot matter."""

from dataclasses import dataclass
from typing import Literal

ACCESS_ENDED = "access to the course has ended"


@dataclass(frozen=True)
class Standing:
    """`reason` says why a certificate is revoked, None while it is valid."""

    status: Literal["valid", "revoked"]
    reason: str | None


def standing(withdrawal_reason: str | None, has_access: bool, access_reason: str) -> Standing:
    """A certificate is revoked while an administrator's withdrawal is in force, or while the learner has no access: a
    refund or a dispute takes both, a dispute won gives both back."""
    if withdrawal_reason is not None:
        return Standing("revoked", withdrawal_reason)
    if not has_access:
        return Standing("revoked", access_reason or ACCESS_ENDED)
    return Standing("valid", None)
