"""A person with a browser: calls the gateway, and shows what came when it was not what was expected."""

import time
from typing import Any

import httpx

from ops.demo.mailbox import Mailbox
from ops.demo.steps import eventually, expect

PASSWORD = "correct horse battery 42"


class Caller:
    """Anonymous until `sign_in`."""

    def __init__(self, gateway: str) -> None:
        self.http = httpx.Client(base_url=gateway, timeout=30, trust_env=False)
        self.user_id = ""
        self.email = ""
        self.device_token = ""

    def call(self, method: str, path: str, status: int = 200, **options: Any) -> Any:
        """The answer's JSON (or bytes, when it is not JSON) if its status is as expected. Raises StepFailed."""
        answer = self.raw(method, path, **options)
        expect(
            answer.status_code == status,
            f"{method} {path} to answer {status}",
            f"{answer.status_code} {answer.text[:400]}",
        )
        is_json = answer.content and "json" in answer.headers.get("content-type", "")
        return answer.json() if is_json else answer.content

    def raw(self, method: str, path: str, **options: Any) -> httpx.Response:
        """The answer, whatever it is; waits as told when the gateway asks to slow down."""
        while True:
            answer = self.http.request(method, path, **options)
            if answer.status_code != 429:
                return answer
            time.sleep(float(answer.headers.get("Retry-After", "1")))

    def read_public(self, path: str, **options: Any) -> Any:
        """A public read's JSON. Asked until it is there: the gateway's copy may be two seconds old."""
        deadline = time.monotonic() + 2.5
        while self.raw("GET", path, **options).status_code == 404 and time.monotonic() < deadline:
            time.sleep(0.1)
        return self.call("GET", path, **options)

    def __enter__(self) -> "Caller":
        return self

    def __exit__(self, *raised: object) -> None:
        self.http.close()

    def register(self, email: str, name: str, mailbox: Mailbox) -> None:
        """Signs up, and sets the password on the page of the mailed link, which signs in."""
        self.call("POST", "/api/v1/auth/register", 202, json={"email": email, "name": name})
        token = eventually(lambda: mailbox.verification(email), f"the mail that confirms {email}", pause=0.05)
        made = self.call("POST", "/api/v1/auth/verify-email", 201, json={"token": token, "password": PASSWORD})
        self.user_id, self.email = made["id"], email
        self.take(made)

    def sign_in(self, email: str, password: str) -> None:
        """Calls with a fresh access token from now on."""
        self.email = email
        body = {"email": email, "password": password, "device_token": self.device_token}
        self.take(self.call("POST", "/api/v1/auth/login", json=body))

    def take(self, tokens: dict[str, Any]) -> None:
        """Calls with the access token of a sign-in from now on."""
        self.http.headers["Authorization"] = f"Bearer {tokens['access_token']}"
        # As apps are told to: others' guesses at this account do not keep us waiting then.
        self.device_token = tokens.get("device_token") or self.device_token
