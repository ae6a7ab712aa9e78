"""An order's money goes back in pieces, some of which fail: the parts add up to the whole. Also for `make fuzz`."""

from collections import Counter
from collections.abc import Iterable
from random import Random

from uuid_utils.compat import uuid7

from services.billing.ledger import TAX_PAYABLE, Entry
from services.billing.models import OrderLine
from services.billing.shares import Shares

Balances = Counter[tuple[str, int]]


def check_split(seed: int) -> None:
    """One order of this seed, refunded in pieces until nothing is left."""
    random = Random(seed)
    shares = _order(random)
    books, left = _balances(shares.entries_to(shares.amount, {})), shares.amount
    assert _tax(books) == -shares.tax
    noted, failing = 0, []
    while left:
        piece = random.randint(1, left)
        moved = _balances(shares.entries_to(left - piece, books))
        assert sum(moved.values()) == piece
        books, left, noted = _added(books, moved, 1), left - piece, noted + _tax(moved)
        if random.random() < 0.2:
            failing.append((piece, moved))
        if failing and random.random() < 0.3:
            piece, moved = failing.pop()
            books, left, noted = _added(books, moved, -1), left + piece, noted - _tax(moved)
    assert not any(books.values())
    assert noted == shares.tax


def _order(random: Random) -> Shares:
    amounts = [random.randint(1, 50_000) for _ in range(random.randint(1, 4))]
    lines = [
        OrderLine(
            position=position,
            amount=amount,
            course_id=uuid7(),
            instructor_id=uuid7(),
            instructor_share=random.choice((0, 3333, 7000, 10_000)),
        )
        for position, amount in enumerate(amounts)
    ]
    return Shares(lines, sum(amounts), random.randint(0, sum(amounts)))


def _balances(entries: Iterable[Entry]) -> Balances:
    total: Balances = Counter()
    for entry in entries:
        total[entry.account, entry.line] += entry.amount
    return total


def _added(books: Balances, moved: Balances, sign: int) -> Balances:
    return Counter({key: books[key] + sign * moved[key] for key in {**books, **moved}})


def _tax(books: Balances) -> int:
    return sum(amount for (account, _), amount in books.items() if account == TAX_PAYABLE)
