"""What the mail catcher holds."""

import re
from typing import Any

import httpx

# The mails of the story, by a word of their subjects.
KINDS = ("welcome", "receipt", "enrolled", "certificate")


class Mailbox:
    """MailDev's HTTP interface."""

    def __init__(self, url: str) -> None:
        self._url = url

    def of(self, address: str) -> dict[str, str]:
        """The subjects of a person's mails, by kind."""
        subjects = [mail["subject"] for mail in self._mails(address)]
        return {kind: subject for subject in subjects for kind in KINDS if kind in subject.lower()}

    def verification(self, address: str) -> str | None:
        """What confirms a registration: the token of the mailed link, None before it has come."""
        links = (re.search(r"/verify-email#token=([\w-]+)", mail["text"]) for mail in self._mails(address))
        return next((link[1] for link in links if link), None)

    def _mails(self, address: str) -> list[dict[str, Any]]:
        caught = httpx.get(f"{self._url}/email", timeout=10, trust_env=False).json()
        return [mail for mail in caught if any(to["address"] == address for to in mail["to"])]
