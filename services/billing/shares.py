"""How an order's money divides: to the tax office, to the instructors, to the academy. Pure functions."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from services.billing.ledger import COURSE_REVENUE, INSTRUCTOR_PAYABLE, TAX_PAYABLE, Entry
from services.billing.models import OrderLine

FULL_SHARE = 10_000


@dataclass(frozen=True)
class Shares:
    """An order's lines, its whole amount and the tax that this includes, in minor units."""

    lines: Sequence[OrderLine]
    amount: int
    tax: int

    def entries_between(self, earlier: int, later: int) -> Iterator[Entry]:
        """The credits (debits, when money goes back) of what lies between two amounts of the order's money. Rounded
        so that whatever the pieces, they add up to the whole."""
        for line, before, after in zip(self.lines, self._divide(earlier), self._divide(later), strict=True):
            for account, old, new in zip((TAX_PAYABLE, INSTRUCTOR_PAYABLE, COURSE_REVENUE), before, after, strict=True):
                yield Entry(account, old - new, line.position, line.course_id, line.instructor_id)

    def _divide(self, amount: int) -> Iterator[tuple[int, int, int]]:
        """Tax, the instructor's part and the academy's of the first `amount`, for each line. The instructor's part is
        of the net price; Stripe's fee is the academy's to bear."""
        passed = 0
        for line in self.lines:
            gross = amount * (passed + line.amount) // self.amount - amount * passed // self.amount
            passed += line.amount
            tax = gross * self.tax // self.amount
            instructor = (gross - tax) * line.instructor_share // FULL_SHARE
            yield tax, instructor, gross - tax - instructor
