"""I1, I2, I3, I6: paid is enrolled, enrolled is paid, told once, and the ledger agrees."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from ops.faults.oracle.evidence import Evidence

# An order of these states has money in it and gives access (reliability.md 2.5).
OPEN_COURSE = "('paid', 'refund_pending', 'partly_refunded')"

PAID_WITHOUT_GRANT = f"""
    SELECT 'order ' || o.id || ' (' || o.status || ') has ' || count(g.id) || ' active grants'
    FROM billing.orders o LEFT JOIN catalog.grants g ON g.order_id = o.id AND g.status = 'active'
    WHERE o.status IN {OPEN_COURSE} GROUP BY o.id, o.status HAVING count(g.id) <> 1
"""
ENROLLMENT_CLOSED = """
    SELECT 'grant ' || g.id || ' of order ' || g.order_id || ' is active, its enrollment is not'
    FROM catalog.grants g JOIN catalog.enrollments e ON e.id = g.enrollment_id
    WHERE g.status = 'active' AND NOT e.active
"""
GRANT_WITHOUT_PAYMENT = f"""
    SELECT 'grant ' || g.id || ' (' || g.status || ') of order ' || g.order_id || ' ('
           || coalesce(o.status, 'no such order') || ')'
    FROM catalog.grants g LEFT JOIN billing.orders o ON o.id = g.order_id
    WHERE g.order_id IS NOT NULL AND (o.id IS NULL
          OR (g.status = 'active' AND o.status NOT IN {OPEN_COURSE})
          OR o.status NOT IN ('paid', 'refund_pending', 'partly_refunded', 'refunded', 'disputed', 'lost'))
"""
TOLD_TWICE = """
    SELECT 'order ' || subject || ' has ' || count(*) || ' PaymentSucceeded'
    FROM billing.outbox WHERE type = 'PaymentSucceeded' GROUP BY subject HAVING count(*) > 1
"""
ORDERS = "SELECT id::text, status, amount, lower(currency), session_id, paid_amount FROM billing.orders"


async def paid_without_one_grant(evidence: Evidence) -> list[str]:
    """I1."""
    return await evidence.words(PAID_WITHOUT_GRANT) + await evidence.words(ENROLLMENT_CLOSED)


async def grants_without_payment(evidence: Evidence) -> list[str]:
    """I2."""
    return await evidence.words(GRANT_WITHOUT_PAYMENT)


async def told_more_than_once(evidence: Evidence) -> list[str]:
    """I3."""
    return await evidence.words(TOLD_TWICE)


async def ledger_differs(evidence: Evidence) -> list[str]:
    """I6: Stripe's paid sessions and our paid orders are the same, with the same amounts, and nobody paid twice."""
    sessions = [session for session in evidence.ledger["sessions"] if session["payment_status"] == "paid"]
    orders = {row[0]: row for row in await evidence.books.rows(ORDERS)}
    paid = Counter(str(session["client_reference_id"]) for session in sessions)
    found = [f"order {order} was paid in {count} sessions" for order, count in paid.items() if count > 1]
    found += [words for session in sessions if (words := _differs(session, orders))]
    unpaid = [row for row in orders.values() if row[5] and row[0] not in paid]
    return found + [f"order {row[0]} is {row[1]}, but Stripe has no payment for it" for row in unpaid]


def _differs(session: Mapping[str, Any], orders: Mapping[str, Any]) -> str:
    row = orders.get(str(session["client_reference_id"]))
    if row is None:
        return f"session {session['id']} is paid, but there is no order {session['client_reference_id']}"
    order, status, amount, currency, _own, paid_amount = row
    if status not in ("paid", "refund_pending", "partly_refunded", "refunded", "disputed", "lost"):
        return f"order {order} is {status}, but its session {session['id']} is paid"
    ours, theirs = (amount, paid_amount, currency), (session["amount_total"], session["amount_total"])
    if ours != (*theirs, session["currency"]):
        return f"order {order} says {ours}, Stripe {theirs[0]} {session['currency']}"
    return ""
