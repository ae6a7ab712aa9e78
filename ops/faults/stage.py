"""What a scenario gets to play on, and how it is described."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from ops.faults.lab import Lab
from ops.faults.school import School
from ops.faults.shopping import Shop
from ops.faults.trial import Trial


@dataclass(frozen=True)
class Stage:
    """One trial on the lab's platform."""

    lab: Lab
    school: School
    trial: Trial
    shop: Shop

    @classmethod
    def of(cls, lab: Lab, school: School, trial: Trial) -> "Stage":
        """The stage with a shop of its own."""
        return cls(lab, school, trial, Shop(lab, school, trial))


@dataclass(frozen=True)
class Scenario:
    """`act` injects the faults and checks what must hold meanwhile; what must hold afterwards is the oracle's.

    `seeds` is how many different seeds the full set runs it with.
    """

    key: str
    title: str
    act: Callable[[Stage], Awaitable[None]]
    seeds: int = 1
