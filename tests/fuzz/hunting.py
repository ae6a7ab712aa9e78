"""One hunt: so many values for one reader, the same ones for the same seed."""

import traceback
from dataclasses import dataclass
from typing import Any

import hypothesis
from hypothesis import HealthCheck, Phase

from tests.fuzz.readers import Reader


@dataclass(frozen=True)
class Hunt:
    """`tried` counts the values; `defect` is what the reader raised and the smallest value that made it, or empty."""

    tried: int
    defect: str


def hunt(reader: Reader, seed: int, values: int) -> Hunt:
    """Up to `values` of them; fewer when the reader fails, or when there are no more."""
    tried = 0

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=values,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    @hypothesis.given(reader.values)
    def look(value: Any) -> None:
        nonlocal tried
        tried += 1
        reader.read(value)

    try:
        look()
    # Whatever it is that a reader lets out: that is what is hunted.
    except Exception as error:
        return Hunt(tried, "".join(traceback.format_exception(error)))
    return Hunt(tried, "")
