"""The dials a test turns: how webhooks travel, how refunds end, which API faults strike. Held in memory only."""

from random import Random
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr

FaultKind = Literal[
    "timeout", "reset", "reset_after_success", "500", "500_after_success", "429", "409", "400", "card_declined"
]


class Dial(BaseModel):
    """Unknown members are refused, so that a misspelt fault cannot silently be no fault."""

    model_config = ConfigDict(extra="forbid")


class WebhookPolicy(Dial):
    """How new events travel. `drop` is a probability; delays are seconds, `shuffle` a random extra per copy."""

    paused: bool = False
    drop: float = Field(default=0, ge=0, le=1)
    copies: int = Field(default=1, ge=1, le=100)
    delay: float = Field(default=0, ge=0, le=86_400)
    shuffle: float = Field(default=0, ge=0, le=3_600)
    seed: int = 0
    _random: Random = PrivateAttr(default_factory=Random)

    def model_post_init(self, context: object) -> None:
        """Starts the dice at the seed."""
        self._random.seed(self.seed)

    def lost(self) -> bool:
        """Rolls whether this copy never leaves."""
        return self._random.random() < self.drop

    def wait(self) -> float:
        """Seconds until this copy leaves."""
        return self.delay + self._random.random() * self.shuffle


class RefundPolicy(Dial):
    """What happens to the next refunds; `failed` ones are created pending and fail at once."""

    status: Literal["succeeded", "pending", "failed"] = "succeeded"


class Fault(Dial):
    """One kind of trouble for calls whose method and path prefix match; `seconds` is for timeout only."""

    kind: FaultKind
    probability: float = Field(default=1, ge=0, le=1)
    method: str | None = None
    path: str = "/v1/"
    seconds: float = Field(default=30, ge=0, le=600)
    times: int | None = Field(default=None, ge=1)
    struck: int = 0

    def matches(self, method: str, path: str) -> bool:
        """Whether this call is in reach and the fault is not used up."""
        spent = self.times is not None and self.struck >= self.times
        return not spent and path.startswith(self.path) and self.method in (None, method)


class FaultPlan(Dial):
    """Faults in order of precedence; the first that is rolled strikes."""

    seed: int = 0
    faults: list[Fault] = []
    _random: Random = PrivateAttr(default_factory=Random)

    def model_post_init(self, context: object) -> None:
        """Starts the dice at the seed."""
        self._random.seed(self.seed)

    def strike(self, method: str, path: str) -> Fault | None:
        """Returns the fault that hits this call, counted, or None."""
        for fault in self.faults:
            if fault.matches(method, path) and self._random.random() < fault.probability:
                fault.struck += 1
                return fault
        return None


class Controls:
    """The three dials; replaced as a whole by the control endpoints."""

    def __init__(self) -> None:
        self.webhooks = WebhookPolicy()
        self.refunds = RefundPolicy()
        self.faults = FaultPlan()
