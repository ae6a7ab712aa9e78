"""Where identity's acts come from: as everywhere, and the device that somebody would sign in with."""

from dataclasses import dataclass

import shared.audit


@dataclass(frozen=True)
class Origin(shared.audit.Origin):
    """`device_token` is what the device was given at an earlier sign-in."""

    device_token: str = ""
