"""`python -m services.billing.check_ledger`: do the books balance? Ends in 0 when every check finds nothing."""

import sys
from typing import Any

from sqlalchemy import text

from services.billing.settings import Settings
from shared import startup
from shared.database import Database

# What must not exist, in words that name it. Money of orders from before there was a ledger is not looked for.
CHECKS = {
    "postings do not sum to zero": """
        SELECT posting || ': ' || sum(amount) || ' ' || currency FROM ledger_entries
        GROUP BY posting, currency HAVING sum(amount) <> 0""",
    "payments are not booked as they came": """
        SELECT p.id || ': paid ' || p.amount || ', booked ' || coalesce(sum(e.amount), 0) FROM payments p
        LEFT JOIN ledger_entries e ON e.posting = 'payment:' || p.id AND e.account = 'stripe_balance'
        WHERE p.paid_at >= (SELECT min(booked_at) FROM ledger_entries)
        GROUP BY p.id, p.amount HAVING coalesce(sum(e.amount), 0) <> p.amount""",
    "refunds are not booked as they went": """
        SELECT r.id || ': ' || r.status || ' ' || r.amount || ', booked ' || coalesce(sum(e.amount), 0) FROM refunds r
        LEFT JOIN ledger_entries e ON e.posting IN ('refund:' || r.id, 'reversed:refund:' || r.id)
            AND e.account = 'stripe_balance'
        WHERE r.updated_at >= (SELECT min(booked_at) FROM ledger_entries)
        GROUP BY r.id, r.status, r.amount
        HAVING coalesce(sum(e.amount), 0) <> CASE WHEN r.status = 'succeeded' THEN -r.amount ELSE 0 END""",
    "money in dispute is not held": """
        SELECT d.id || ': ' || d.status || ' ' || d.amount || ', held ' || coalesce(sum(e.amount), 0) FROM disputes d
        LEFT JOIN ledger_entries e ON e.account = 'disputed_funds' AND e.posting IN ('dispute:' || d.id,
            'dispute-lost:' || d.id, 'reversed:dispute:' || d.id, 'reversed:dispute-lost:' || d.id)
        WHERE d.updated_at >= (SELECT min(booked_at) FROM ledger_entries)
        GROUP BY d.id, d.status, d.amount
        HAVING coalesce(sum(e.amount), 0) <> CASE WHEN d.status = 'open' THEN d.amount ELSE 0 END""",
    "the days' totals differ from the ledger": """
        SELECT coalesce(r.currency, e.currency) || ': totals ' || coalesce(r.total, 0)
            || ', ledger ' || coalesce(e.total, 0)
        FROM (SELECT currency, sum(tax + instructors + academy) AS total FROM revenue_days GROUP BY currency) r
        FULL JOIN (SELECT currency, -sum(amount) AS total FROM ledger_entries WHERE course_id IS NOT NULL
                   AND account IN ('tax_payable', 'instructor_payable', 'course_revenue') GROUP BY currency) e
        ON r.currency = e.currency WHERE coalesce(r.total, 0) <> coalesce(e.total, 0)""",
    "document numbers have gaps": """
        SELECT c.series || ': counted ' || c.last || ', issued ' || count(d.id) FROM document_counters c
        LEFT JOIN documents d ON d.number LIKE c.series || '-%'
        GROUP BY c.series, c.last HAVING count(d.id) <> c.last""",
}


def find_faults(database: Database) -> list[str]:
    """One sentence for each thing that does not add up."""
    with database.begin() as session:
        # One snapshot for all checks: payments go on while this looks.
        session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
        return [f"{name}: {row[0]}" for name, query in CHECKS.items() for row in session.execute(text(query))]


def count_entries(database: Database) -> Any:
    """How many entries and postings were looked at."""
    with database.begin() as session:
        return session.execute(text("SELECT count(*), count(DISTINCT posting) FROM ledger_entries")).one()


def main() -> int:
    """Says what was found; the exit code."""
    database = Database(startup.read(Settings, "billing").database_url("billing"), "billing-check", pool_size=1)
    faults = find_faults(database)
    entries, postings = count_entries(database)
    database.close()
    for fault in faults:
        sys.stderr.write(f"ledger: {fault}\n")
    sys.stdout.write(f"ledger: {entries} entries in {postings} postings, {len(faults)} faults\n")
    return 1 if faults else 0


if __name__ == "__main__":
    raise SystemExit(main())
