"""What the mail catcher holds."""

import httpx

# The mails of the story, by a word of their subjects.
KINDS = ("welcome", "receipt", "enrolled", "certificate")


class Mailbox:
    """MailDev's HTTP interface."""

    def __init__(self, url: str) -> None:
        self._url = url

    def of(self, address: str) -> dict[str, str]:
        """The subjects of a person's mails, by kind."""
        caught = httpx.get(f"{self._url}/email", timeout=10).json()
        subjects = [mail["subject"] for mail in caught if any(to["address"] == address for to in mail["to"])]
        return {kind: subject for subject in subjects for kind in KINDS if kind in subject.lower()}
