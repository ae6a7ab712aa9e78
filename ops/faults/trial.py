"""What one run of a scenario did and found."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Check:
    """One number that was to be met: what was measured, in words, and the bar."""

    name: str
    measured: str
    bar: str
    held: bool


def nothing(_steps: int) -> None:
    """The progress of a trial that nobody watches."""


@dataclass
class Trial:
    """`rng` decides everything that is left to chance; `advance(n)` moves the progress bar, `expect(n)` lengthens it.

    `lost`: paid but not enrolled; `duplicated`: a second grant, payment or effect; `parked`: events left parked.
    """

    key: str
    title: str
    seed: int
    full: bool = False
    faults: int = 0
    checkouts: int = 0
    visible_errors: int = 0
    lost: int = 0
    duplicated: int = 0
    parked: int = 0
    seconds: float = 0.0
    settled_seconds: float = 0.0
    checks: list[Check] = field(default_factory=list)
    violations: dict[str, list[str]] = field(default_factory=dict)
    error: str = ""
    # Beginnings of reasons for which this scenario means events to be parked.
    expected_parked: tuple[str, ...] = ()
    advance: Callable[[int], None] = nothing
    expect: Callable[[int], None] = nothing

    def __post_init__(self) -> None:
        self.rng = random.Random(f"{self.seed}:{self.key}")

    def check(self, name: str, held: bool, measured: object, bar: str) -> None:
        """Notes a number; the trial holds only if all do."""
        self.checks.append(Check(name, str(measured), bar, held))

    def at_most(self, name: str, measured: float, bar: float, unit: str = "") -> None:
        """Notes a number that must not be above its bar."""
        self.check(name, measured <= bar, f"{measured:g}{unit}", f"at most {bar:g}{unit}")

    def equal(self, name: str, measured: object, wanted: object) -> None:
        """Notes a number that must be exactly this."""
        self.check(name, measured == wanted, measured, f"exactly {wanted}")

    @property
    def oracle(self) -> int:
        """How many rows the oracle returned; none is the aim."""
        return sum(map(len, self.violations.values()))

    @property
    def held(self) -> bool:
        """Everything that was promised is true."""
        return not (self.error or self.oracle or self.lost or self.duplicated) and all(c.held for c in self.checks)

    def summary(self) -> Mapping[str, Any]:
        """The row of var/faults/latest.json."""
        return {
            "scenario": self.key,
            "title": self.title,
            "seed": self.seed,
            "seconds": round(self.seconds, 1),
            "settled_seconds": round(self.settled_seconds, 1),
            "faults_injected": self.faults,
            "checkouts": self.checkouts,
            "client_visible_errors": self.visible_errors,
            "lost": self.lost,
            "duplicated": self.duplicated,
            "parked": self.parked,
            "oracle_violations": self.oracle,
            "violations": self.violations,
            "checks": [vars(check) for check in self.checks],
            "error": self.error,
            "held": self.held,
        }


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which this share (0..1) of the values lies; 0 for none."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else 0.0
