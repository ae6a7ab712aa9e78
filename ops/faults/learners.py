"""Who buys: registered and signed in once through the gateway, then used for many purchases."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

import httpx

from ops.faults.client import Client, GaveUp, content
from ops.faults.mailbox import Mailbox

PASSWORD = "correct horse battery 42"
# Tokens live five minutes; one that is to survive a long answer is renewed well before.
FRESH_SECONDS = 200.0
MAIL_SECONDS = 60.0
TIMES_REFUSED, REFUSED_SECONDS = 10, 1.0


@dataclass
class Learner:
    """A person with tokens. `user_id` is empty until `sign_up`."""

    client: Client
    email: str
    password: str = PASSWORD
    user_id: str = ""
    access: str = ""
    refresh: str = ""
    issued_at: float = float("-inf")
    _renewing: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def sign_up(self, name: str, mailbox: Mailbox) -> None:
        """Registers, sets the password on the page of the mailed link and signs in. A repetition whose answer was lost
        is fine: the login tells. Raises GaveUp."""
        body = {"email": self.email, "name": name}
        await self.client.call("POST", "/api/v1/auth/register", json=body)
        deadline = time.monotonic() + MAIL_SECONDS
        while self.email not in mailbox.verifications:
            if time.monotonic() > deadline:
                raise GaveUp(f"{self.email} got no mail to confirm the address")
            await asyncio.sleep(0.05)
        body = {"token": mailbox.verifications[self.email], "password": self.password}
        await self.client.call("POST", "/api/v1/auth/verify-email", json=body)
        await self.sign_in()
        self.user_id = (await self.done("GET", "/api/v1/users/me"))["id"]

    async def sign_in(self) -> None:
        """Begins a new session."""
        body = {"email": self.email, "password": self.password}
        self._take(await self.client.done("POST", "/api/v1/auth/login", json=body))

    async def renew(self) -> None:
        """The next tokens by the refresh token; by the password when the session is over."""
        async with self._renewing:
            await self._renew()

    async def _renew(self) -> None:
        answer = await self.client.call("POST", "/api/v1/auth/refresh", json={"refresh_token": self.refresh})
        if answer.is_success:
            self._take(answer.json())
        else:
            await self.sign_in()

    async def call(self, method: str, path: str, key: str | None = None, **options: Any) -> httpx.Response:
        """The final answer to a signed-in call. After a 401 it renews its tokens and asks again, as front ends do; the
        token was a good one, so each is counted as a failure of the platform. Raises GaveUp."""
        further = options.pop("headers", {})
        for _ in range(TIMES_REFUSED):
            headers = await self.headers(key) | further
            answer = await self.client.call(method, path, headers=headers, **options)
            if answer.status_code != httpx.codes.UNAUTHORIZED:
                break
            self.client.refused_tokens += 1
            await asyncio.sleep(REFUSED_SECONDS)
            await self.renew()
        return answer

    async def done(self, method: str, path: str, key: str | None = None, **options: Any) -> Any:
        """The JSON of a signed-in call, None when it is none. Raises GaveUp for any other final answer than 2xx."""
        return content(await self.call(method, path, key, **options))

    async def headers(self, key: str | None = None) -> dict[str, str]:
        """Authorization with a fresh token, and an Idempotency-Key when one is given."""
        async with self._renewing:
            # Two renewals at once would look like a stolen refresh token.
            if time.monotonic() - self.issued_at > FRESH_SECONDS:
                await self._renew()
        return {"Authorization": f"Bearer {self.access}"} | ({"Idempotency-Key": key} if key else {})

    def _take(self, tokens: dict[str, str]) -> None:
        self.access, self.refresh, self.issued_at = tokens["access_token"], tokens["refresh_token"], time.monotonic()
