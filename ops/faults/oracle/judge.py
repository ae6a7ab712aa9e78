"""All invariants by name (reliability.md section 3), and the judgement over them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from ops.faults.oracle import events, learning, mails, money, people
from ops.faults.oracle.evidence import Evidence

LONGEST_WORDS = 200
Find = Callable[[Evidence], Awaitable[list[str]]]


@dataclass(frozen=True)
class Invariant:
    """`find` returns the rows that should not be."""

    key: str
    title: str
    find: Find


@dataclass(frozen=True)
class Finding:
    """One row that should not be."""

    key: str
    words: str


INVARIANTS = (
    Invariant("I1", "a paid order has exactly one grant", money.paid_without_one_grant),
    Invariant("I2", "a grant has a paid order", money.grants_without_payment),
    Invariant("I3", "a payment is told once", money.told_more_than_once),
    Invariant("I4", "nothing waits to be published for over 60 s", events.never_published),
    Invariant("I4b", "what was published has arrived everywhere", events.never_arrived),
    Invariant("I5", "nothing is left to handle, nothing is parked unexpectedly", events.never_handled),
    Invariant("I6", "Stripe's ledger and the orders agree", money.ledger_differs),
    Invariant(
        "I7", "a completion has one certificate with an unchanged file", learning.completed_without_one_certificate
    ),
    Invariant("I8", "owed mails are sent, repeated ones with one Message-ID", mails.mails_missing_or_doubled),
    Invariant("I9", "a privileged act has one record", people.powers_without_record),
    Invariant("I10", "a session that was ended cannot be used", people.usable_after_sign_out),
)


async def judge(evidence: Evidence) -> list[Finding]:
    """Every row that any invariant finds; none is the aim."""
    return [
        Finding(invariant.key, " ".join(words.split())[:LONGEST_WORDS])
        for invariant in INVARIANTS
        for words in await invariant.find(evidence)
    ]
