"""SMTP: the one place that speaks it. Knows nothing of databases or templates.

Three ways to end, beside success: the server cannot be used at all (MailServerUnavailable), it does not take this mail
now (MailPostponed), it never will (MailRefused).
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import parseaddr
from typing import Any, Literal

import aiosmtplib
import idna

from services.notifications.headers import HEADERS

PERMANENT = 500
TOO_LARGE = 552


class MailServerUnavailable(ConnectionError):
    """No connection, no trusted TLS, no sign-in, or our sender is refused: no mail's own fault."""


class MailPostponed(Exception):
    """A 4xx answer, a timeout or a lost connection: another attempt may succeed."""


class MailRefused(Exception):
    """A 5xx answer, or the mail cannot be put into words of SMTP: no further attempt helps."""


@dataclass(frozen=True)
class MailServer:
    """Where mail goes out and as whom; `timeout` is for connecting and for each mail (seconds)."""

    host: str
    port: int
    security: Literal["none", "starttls", "tls"]
    sender: str
    # What we call ourselves in EHLO. The default would ask the DNS, which may take seconds.
    hello: str
    timeout: float = 20.0
    username: str | None = None
    password: str | None = None


@dataclass(frozen=True)
class Mail:
    """One mail to one person. The same `message_id` on every attempt lets receivers see a repetition."""

    recipient: str
    subject: str
    text: str
    html: str
    message_id: str
    written_at: datetime
    # Where a POST ends such mails (RFC 8058); empty for mails that nobody can do without.
    unsubscribe_url: str = ""


class Batch:
    """One connection, opened with the first mail and again after it was lost."""

    def __init__(self, runner: asyncio.Runner, server: MailServer) -> None:
        self._runner = runner
        self._server = server
        self._client: aiosmtplib.SMTP | None = None

    def send(self, mail: Mail) -> None:
        """Returns when the server has taken the mail over. Raises MailServerUnavailable, MailPostponed or
        MailRefused."""
        self._runner.run(self._send(compose(mail, self._server.sender)))

    def close(self) -> None:
        """Takes leave of the server."""
        self._runner.run(self._quit())

    async def _send(self, message: EmailMessage) -> None:
        client = await self._connected()
        sender, recipient = (message[name].addresses[0].addr_spec for name in ("From", "To"))
        try:
            async with asyncio.timeout(self._server.timeout):
                await client.send_message(message, sender=sender, recipients=[recipient])
        except (aiosmtplib.SMTPException, OSError, ValueError, MessageError) as error:
            if not isinstance(error, (aiosmtplib.SMTPResponseException, aiosmtplib.SMTPRecipientsRefused)):
                # After a timeout or half a command, the next mail must not read this one's answer.
                client.close()
            raise _verdict(error) from error

    async def _connected(self) -> aiosmtplib.SMTP:
        if self._client is None or not self._client.is_connected:
            server = self._server
            options: dict[str, Any] = {"use_tls": server.security == "tls", "start_tls": server.security == "starttls"}
            self._client = aiosmtplib.SMTP(
                hostname=server.host,
                port=server.port,
                username=server.username,
                password=server.password,
                local_hostname=server.hello,
                timeout=server.timeout,
                **options,
            )
            try:
                async with asyncio.timeout(server.timeout):
                    await self._client.connect()
            except (aiosmtplib.SMTPException, OSError, ValueError) as error:
                # Half a connection may be open: refused after EHLO, or timed out under way.
                self._client.close()
                raise MailServerUnavailable(f"{server.host}:{server.port}: {_words(error)}") from error
        return self._client

    async def _quit(self) -> None:
        if self._client is not None and self._client.is_connected:
            try:
                await self._client.quit(timeout=1)
            except (aiosmtplib.SMTPException, OSError):
                # All mails are accounted for; a server that hangs up first has done nothing wrong.
                self._client.close()
        # A closed transport lets go of its socket one turn of the loop later.
        await asyncio.sleep(0)


@contextmanager
def open_batch(server: MailServer) -> Iterator[Batch]:
    """A connection for the mails of the block; it belongs to the calling thread."""
    with asyncio.Runner() as runner:
        batch = Batch(runner, server)
        try:
            yield batch
        finally:
            batch.close()


def compose(mail: Mail, sender: str) -> EmailMessage:
    """The mail on the wire: EmailMessage refuses line breaks in headers, Address more than one receiver. Raises
    MailRefused."""
    message = EmailMessage(policy=HEADERS)
    try:
        name, address = parseaddr(sender)
        message["From"] = Address(name, addr_spec=address)
        message["To"] = _receiver(mail.recipient)
        message["Subject"] = mail.subject
        message["Date"] = mail.written_at
        message["Message-ID"] = mail.message_id
        # RFC 3834: no holiday notes in answer, please.
        message["Auto-Submitted"] = "auto-generated"
        if mail.unsubscribe_url:
            message["List-Unsubscribe"] = f"<{mail.unsubscribe_url}>"
            message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
            message["List-Id"] = f"<course-news.{address.rpartition('@')[2]}>"
        message.set_content(mail.text, cte="quoted-printable")
        message.add_alternative(mail.html, subtype="html", cte="quoted-printable")
    except (MessageError, ValueError, IndexError) as error:
        raise MailRefused(f"cannot be written: {_words(error)}") from error
    return message


def _receiver(recipient: str) -> Address:
    # Address refuses anything but one address, and with it all of Unicode: let it judge the shape alone.
    address = Address(addr_spec="".join(character if character.isascii() else "x" for character in recipient))
    if recipient.isascii():
        return address
    username, _, domain = recipient.rpartition("@")
    # The standard by which identity checks addresses (IDNA 2008): IDNA 2003 makes another domain of "ß".
    # Internationalised domains have an ASCII form that every server understands; mailbox names need SMTPUTF8.
    return Address(username=username, domain=idna.encode(domain, uts46=True).decode())


def _verdict(error: Exception) -> Exception:
    reason = _words(error)
    match error:
        case aiosmtplib.SMTPSenderRefused() if error.code != TOO_LARGE:
            return MailServerUnavailable(f"our sender is refused: {reason}")
        case aiosmtplib.SMTPRecipientsRefused():
            codes = [refusal.code for refusal in error.recipients]
            return MailRefused(reason) if min(codes) >= PERMANENT else MailPostponed(reason)
        case aiosmtplib.SMTPResponseException():
            return MailRefused(reason) if error.code >= PERMANENT else MailPostponed(reason)
        case aiosmtplib.SMTPNotSupported() | ValueError() | MessageError():
            return MailRefused(reason)
    return MailPostponed(reason)


def _words(error: Exception) -> str:
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        error = error.recipients[0]
    return f"{type(error).__name__}: {' '.join(str(part) for part in error.args)}"[:500]
