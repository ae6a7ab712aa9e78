"""What the oracle looks at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ops.faults.database import Books
from ops.faults.mailbox import Mail


@dataclass(frozen=True)
class Evidence:
    """All schemas, Stripe's ledger, the mails that the mail server took, and the directory of stored files.

    `signed_out` says which service took a token that was ended before its time, `replays` how many each was asked for;
    `expected_parked` are beginnings of reasons for which an event may be parked.
    """

    books: Books
    ledger: Mapping[str, Sequence[Mapping[str, Any]]]
    mails: Sequence[Mail]
    files: Path
    signed_out: Sequence[str] = ()
    replays: Mapping[str, int] = field(default_factory=dict)
    expected_parked: Sequence[str] = ()

    async def words(self, statement: str) -> list[str]:
        """The first column of each row."""
        return [str(row[0]) for row in await self.books.rows(statement)]
