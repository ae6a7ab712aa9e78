"""An SMTP server that speaks the real protocol and answers as a test tells it to."""

import asyncio
import email
import email.policy
import ssl
import threading
from collections import defaultdict
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

# What to do with a mail instead of answering 250; any other text is the answer to DATA.
TAKE_AND_DROP = "take it and drop the connection"
DROP = "drop the connection without taking it"
STALL = "take it and say nothing"


@dataclass(frozen=True)
class Received:
    """A mail that the sink took over, as it came."""

    sender: str
    recipients: list[str]
    raw: bytes

    @property
    def message(self) -> EmailMessage:
        return email.message_from_bytes(self.raw, policy=email.policy.default)

    @property
    def id(self) -> str:
        return str(self.message["Message-ID"])

    @property
    def subject(self) -> str:
        return str(self.message["Subject"])

    def part(self, kind: str) -> str:
        """The text of the "plain" or "html" alternative."""
        body = self.message.get_body((kind,))
        assert body is not None
        return str(body.get_content()).replace("\r\n", "\n")


class Sink:
    """`answer(recipient, ...)` scripts the next replies for a recipient; `mails(recipient)` is what was taken."""

    def __init__(self, tls: ssl.SSLContext | None = None, implicit: bool = False, login: LoginPassword | None = None):
        self.received: list[Received] = []
        self.port = 0
        self.connections = 0
        self._scripts: dict[str, list[str]] = defaultdict(list)
        self._refusals: dict[str, str] = {}
        self._tls = tls
        self._implicit = implicit
        self._login = login
        self._server: asyncio.Server | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.open()

    def answer(self, recipient: str, *answers: str) -> None:
        """What the next mails to the recipient meet, one each; then all are taken."""
        self._scripts[recipient].extend(answers)

    def refuse_recipient(self, recipient: str, answer: str) -> None:
        """The answer to RCPT TO from now on."""
        self._refusals[recipient] = answer

    def mails(self, recipient: str) -> list[Received]:
        """What was taken for the recipient, oldest first."""
        return [mail for mail in self.received if recipient in mail.recipients]

    def mail(self, recipient: str, word: str) -> Received:
        """The one mail for the recipient with this word in its subject. Connections run side by side, so the order of
        arrival says nothing."""
        (mail,) = [mail for mail in self.mails(recipient) if word in mail.subject]
        return mail

    def open(self) -> None:
        """Listens, on the same port as before."""
        self._run(self._open())

    def shut(self) -> None:
        """Refuses connections until `open`."""
        self._run(self._shut())

    def close(self) -> None:
        """Ends."""
        self._run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        refusal = self._refusals.get(address)
        if refusal is None:
            envelope.rcpt_tos.append(address)
        return refusal or "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        script = self._scripts[envelope.rcpt_tos[0]]
        answer = script.pop(0) if script else "250 taken"
        if answer.startswith("250") or answer in {TAKE_AND_DROP, STALL}:
            assert isinstance(envelope.content, bytes)
            self.received.append(Received(str(envelope.mail_from), list(envelope.rcpt_tos), envelope.content))
        if answer == STALL:
            await asyncio.sleep(30)
        if answer in {TAKE_AND_DROP, DROP}:
            assert server.transport is not None
            server.transport.abort()  # type: ignore[attr-defined]
        return answer

    def _session(self) -> SMTP:
        self.connections += 1
        options: dict[str, Any] = {}
        if self._login:
            # aiosmtpd does not notice that an implicit TLS connection is encrypted, and warns.
            asks = not self._implicit
            options = {"authenticator": self._check, "auth_required": asks, "auth_require_tls": asks}
        tls = None if self._implicit else self._tls
        return SMTP(self, tls_context=tls, require_starttls=tls is not None, enable_SMTPUTF8=True, **options)

    def _check(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, given: Any) -> AuthResult:
        return AuthResult(success=given == self._login, handled=False)

    async def _open(self) -> None:
        tls = self._tls if self._implicit else None
        self._server = await self._loop.create_server(self._session, "127.0.0.1", self.port, ssl=tls)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _shut(self) -> None:
        if self._server:
            self._server.close()
            self._server = None

    async def _end(self) -> None:
        await self._shut()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.gather(*others, return_exceptions=True)

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(5)
