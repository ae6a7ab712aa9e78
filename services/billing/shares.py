"""How an order's money divides: to the tax office, to the instructors, to the academy. Pure functions."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from services.billing.ledger import SHARED_ACCOUNTS, Entry
from services.billing.models import OrderLine

FULL_SHARE = 10_000


@dataclass(frozen=True)
class Shares:
    """An order's lines, its whole amount and the tax that this includes, in minor units."""

    lines: Sequence[OrderLine]
    amount: int
    tax: int

    def entries_to(self, amount: int, booked: Mapping[tuple[str, int], int]) -> Iterator[Entry]:
        """The credits (debits, when money goes back) that lead from the balances in the books, by account and line, to
        the shares of `amount` of the order's money. So the pieces add up to the whole, whatever was booked before."""
        for line, parts in zip(self.lines, self._divide(amount), strict=True):
            for account, part in zip(SHARED_ACCOUNTS, parts, strict=True):
                change = -part - booked.get((account, line.position), 0)
                yield Entry(account, change, line.position, line.course_id, line.instructor_id)

    def _divide(self, amount: int) -> Iterator[tuple[int, int, int]]:
        """Tax, the instructor's part and the academy's of the first `amount`, for each line. The instructor's part is
        of the net price; Stripe's fee is the academy's to bear."""
        passed = start = 0
        for line in self.lines:
            passed += line.amount
            end = amount * passed // self.amount
            gross, tax = end - start, end * self.tax // self.amount - start * self.tax // self.amount
            start = end
            instructor = (gross - tax) * line.instructor_share // FULL_SHARE
            yield tax, instructor, gross - tax - instructor
