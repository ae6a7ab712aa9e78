"""Settings of the notifications service."""

from collections.abc import Iterator
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.utils import getaddresses, parseaddr
from typing import Literal

from pydantic import Field, SecretStr, field_validator, model_validator

import shared.settings
from shared.settings import Refusal


class Settings(shared.settings.Settings):
    """Where mail goes out, as whom, and how patiently. SMTP_PASSWORD stays unset for a relay that asks for none."""

    # How mails call the school.
    academy_name: str = "AI First Academy"
    smtp_host: str = "localhost"
    smtp_port: int = 1025
    smtp_username: str = ""
    smtp_password: SecretStr | None = None
    smtp_security: Literal["none", "starttls", "tls"] = "none"
    smtp_timeout_seconds: float = Field(20.0, gt=0)
    mail_from: str = "AI First Academy <no-reply@academy.localhost>"
    # Mails on the way at the same time, so that one stalled answer does not hold up everybody.
    mail_connections: int = Field(2, ge=1, le=20)
    # Doubling waits between attempts; a lease is how long a worker may take over one mail (seconds).
    mail_attempts: int = Field(12, ge=1)
    mail_first_retry_seconds: float = Field(5.0, gt=0)
    mail_lease_seconds: float = 60.0
    # How long a mail that was sent or failed still says to whom.
    delivery_days: int = Field(90, ge=30, le=3650)

    @field_validator("mail_from")
    @classmethod
    def _is_a_sender(cls, value: str) -> str:
        name, address = parseaddr(value)
        try:
            usable = bool(Address(name, addr_spec=address).domain) and len(getaddresses([value])) == 1
        except (HeaderParseError, ValueError, IndexError):
            usable = False
        if not usable:
            raise ValueError("must be an address such as: AI First Academy <no-reply@academy.example>")
        return value

    @model_validator(mode="after")
    def _lease_outlasts_a_mail(self) -> "Settings":
        # Connecting and sending have a timeout each; a shorter lease would send the mail a second time meanwhile.
        if self.mail_lease_seconds <= 2 * self.smtp_timeout_seconds:
            raise ValueError("MAIL_LEASE_SECONDS must be more than twice SMTP_TIMEOUT_SECONDS")
        return self

    def production_refusals(self) -> Iterator[Refusal]:
        """Beside what every service refuses: mail in the clear, except to a relay on the same machine."""
        yield from super().production_refusals()
        if self.smtp_security == "none" and self.smtp_host not in ("localhost", "127.0.0.1", "::1"):
            yield "smtp_security", "must be starttls or tls: mails hold links that open accounts"

    @property
    def mail_domain(self) -> str:
        """The domain that mails come from; the right side of their Message-ID."""
        return parseaddr(self.mail_from)[1].rpartition("@")[2]
