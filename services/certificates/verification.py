"""What a stranger with a code may learn: that a certificate stands, for which course, since when, and whose it is as
far as needed to compare it with the sheet in hand."""

from sqlalchemy.orm import Session

from services.certificates.certificates import find_by_code
from services.certificates.codes import read_code
from services.certificates.models import Certificate
from shared.errors import NotFound

LONGEST_NAME = 60


class CodeUnknown(NotFound):
    slug = "certificate-code-unknown"
    title = "No certificate has this code"
    detail = "Compare the code with the sheet, sign by sign. If it is the same, the certificate is not one of ours."


def verify_code(session: Session, text: str) -> Certificate:
    """The certificate with this code, in any case, with or without dashes. Raises CodeUnknown."""
    code = read_code(text)
    certificate = find_by_code(session, code) if code else None
    if certificate is None:
        raise CodeUnknown
    return certificate


def minimal_name(name: str) -> str:
    """The first word and the initial of the last, `Ada L.`: enough to compare, too little to look somebody up."""
    first, *others = name.split() or [""]
    shown = f"{first} {others[-1][0]}." if others else first
    return shown if len(shown) <= LONGEST_NAME else shown[: LONGEST_NAME - 1] + "…"
