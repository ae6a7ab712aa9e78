"""How long everything takes, and how far it is."""

from dataclasses import dataclass
from typing import Protocol


class Step(Protocol):
    def __call__(self) -> None: ...


@dataclass(frozen=True)
class Pace:
    """`seconds` a round, `rounds` of each side, `steady_seconds` of a constant rate. `step` moves the progress bar."""

    rounds: int
    seconds: float
    steady_seconds: float
    step: Step


def pace(quick: bool, step: Step) -> Pace:
    """The real one, or one that only shows that everything works."""
    return Pace(1, 1, 3, step) if quick else Pace(3, 4, 60, step)
