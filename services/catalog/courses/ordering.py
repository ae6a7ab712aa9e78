"""Positions: 1, 2, 3 ... without gaps, kept under the course's lock."""

from collections.abc import Sequence
from typing import Protocol, TypeVar


class Placed(Protocol):
    """Anything with a position among its siblings."""

    position: int


P = TypeVar("P", bound=Placed)


def place(siblings: Sequence[P], item: P, position: int | None) -> None:
    """Puts the item at the position (1 is first, None or beyond the end is last) and numbers all siblings anew."""
    others = [sibling for sibling in siblings if sibling is not item]
    index = len(others) if position is None else position - 1
    others.insert(index, item)
    number(others)


def number(siblings: Sequence[Placed]) -> None:
    """Numbers the siblings in their given order."""
    for position, sibling in enumerate(siblings, start=1):
        sibling.position = position
