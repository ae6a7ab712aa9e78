"""The mail server of the drills: takes every mail and remembers of thousands only who got which Message-ID or link."""

import asyncio
import re
from dataclasses import dataclass
from email import message_from_bytes
from email.policy import default

from aiosmtpd.smtp import SMTP, Envelope, Session

VERIFY = re.compile(r"/verify-email#token=([\w-]+)")


@dataclass(frozen=True)
class Mail:
    """One delivery as the server took it over."""

    message_id: str
    recipient: str
    subject: str


class Mailbox:
    """Listens on a free port of the loopback between `start` and `stop`."""

    def __init__(self) -> None:
        self.mails: list[Mail] = []
        # What confirms a registration, by address.
        self.verifications: dict[str, str] = {}
        self.port = 0
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listens in the running loop."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: SMTP(self, hostname="drill.example", enable_SMTPUTF8=True), "127.0.0.1", 0
        )
        self.port = self._server.sockets[0].getsockname()[1]

    def stop(self) -> None:
        """Listens no more."""
        if self._server:
            self._server.close()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """aiosmtpd's hook: the mail is ours once this answer is on its way."""
        content = envelope.content
        message = message_from_bytes(content if isinstance(content, bytes) else b"", policy=default)
        body = message.get_body(("plain",))
        link = VERIFY.search(body.get_content()) if body else None
        for recipient in envelope.rcpt_tos:
            if link:
                self.verifications[recipient] = link[1]
            self.mails.append(Mail(str(message["Message-ID"]).strip(), recipient, str(message["Subject"])))
        return "250 taken"
