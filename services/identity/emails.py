"""E-mail addresses: one person, one account, however the address is typed."""

import unicodedata
from dataclasses import dataclass

from email_validator import EmailNotValidError, validate_email

from shared.errors import Invalid


@dataclass(frozen=True)
class EmailAddress:
    """`given` is where mail goes; `normalized` is the key that two spellings of one address share."""

    given: str
    normalized: str


def parse_email(text: str) -> EmailAddress:
    """The address in what somebody typed. Raises Invalid("email") for anything else.

    The local part is compared in NFKC and case folded: RFC 5321 would let `Ann@` and `ann@` be two people, no mail
    provider does, and an account that only differs in look would be somebody else's trap.
    """
    given = text.strip()
    try:
        address = validate_email(given, check_deliverability=False)
    except EmailNotValidError as error:
        raise Invalid("email", f"is not an e-mail address ({str(error).rstrip('.')})") from error
    local = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", address.local_part).casefold())
    return EmailAddress(given, f"{local}@{address.ascii_domain.lower()}")
