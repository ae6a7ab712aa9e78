"""E-mail addresses: one person, one account, however the address is typed."""

import hashlib
import re
import unicodedata
from dataclasses import dataclass

from email_validator import EmailNotValidError, ValidatedEmail, validate_email

from services.identity import lookalikes
from shared.errors import Invalid


@dataclass(frozen=True)
class EmailAddress:
    """`given` is where mail goes; `normalized` is the key that two spellings of one address share."""

    given: str
    normalized: str

    @property
    def mailbox_hash(self) -> str:
        """Who gets the mail, in hexadecimal: providers bring `box+tag@` to `box@` (RFC 5233)."""
        local, _, domain = self.normalized.rpartition("@")
        mailbox = f"{local.partition('+')[0] or local}@{domain}"
        return hashlib.sha256(mailbox.encode()).hexdigest()


def parse_email(text: str) -> EmailAddress:
    """The address in what somebody typed. Raises Invalid("email") for anything else.

    The local part is compared in NFKC and case folded: RFC 5321 would let `Ann@` and `ann@` be two people, no mail
    provider does, and an account that only differs in look would be somebody else's trap.
    """
    given = text.strip()
    address = _validate(given)
    local = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", address.local_part).casefold())
    return EmailAddress(given, f"{local}@{address.ascii_domain.lower()}")


def parse_new_email(text: str) -> EmailAddress:
    """As parse_email, for an address that is to become somebody's: one that could be read as another is refused,
    whether or not that other one has an account. Raises Invalid("email")."""
    address = parse_email(text)
    read = _validate(address.normalized)
    if any(lookalikes.deceives(word) for word in re.split("[@.]", f"{read.local_part}@{read.domain}")):
        raise Invalid("email", "could be read as another address; write it in the letters of one language", "lookalike")
    return address


def _validate(text: str) -> ValidatedEmail:
    try:
        return validate_email(text, check_deliverability=False)
    except EmailNotValidError as error:
        raise Invalid("email", f"is not an e-mail address ({str(error).rstrip('.')})") from error
