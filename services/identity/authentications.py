"""How the person of a session has shown who they are, and when: what a step-up asks for."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

# `registration_link`: the mailed link, by whose page the password was set. The last two are no person's sign-in.
Factor = Literal[
    "password", "provider", "registration_link", "totp", "recovery_code", "passkey", "api_key", "impersonation"
]


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Authentication:
    """`factors` in the order they were shown; empty: begun by a release that did not record them. `at` is when the
    session's person last signed in: a refresh and a change of the password keep it."""

    factors: tuple[str, ...]
    at: datetime = field(default_factory=_now)
