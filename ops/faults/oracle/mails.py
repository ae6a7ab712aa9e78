"""I8: every fact that owes a mail has one, the server took it, and a repeated one carries the same Message-ID."""

from collections import defaultdict

from ops.faults.oracle.evidence import Evidence

OWED = """
    SELECT 'receipt:' || id || ':' || user_id AS key FROM billing.orders WHERE paid_amount > 0
    UNION ALL
    SELECT 'enrolled:' || g.id || ':' || e.user_id FROM catalog.grants g
    JOIN catalog.enrollments e ON e.id = g.enrollment_id WHERE g.status = 'active' AND e.version = 1
    UNION ALL SELECT 'certificate_issued:' || id || ':' || user_id FROM certificates.certificates
    UNION ALL SELECT 'welcome:' || id || ':' || id FROM identity.users WHERE email LIKE '%@example.com'
"""
NOT_SENT = f"""
    SELECT 'mail ' || owed.key || ' is ' || coalesce(d.state || ': ' || coalesce(d.last_error, ''), 'not even queued')
    FROM ({OWED}) AS owed LEFT JOIN notifications.deliveries d ON d.dedupe_key = owed.key
    WHERE d.state IS DISTINCT FROM 'sent'
"""
SENT = "SELECT message_id, recipient, dedupe_key FROM notifications.deliveries WHERE state = 'sent'"


async def mails_missing_or_doubled(evidence: Evidence) -> list[str]:
    """I8. That a crash after DATA sends a mail twice is allowed: mailboxes drop the second by its Message-ID."""
    found = await evidence.words(NOT_SENT)
    taken: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for mail in evidence.mails:
        taken[mail.message_id].add((mail.recipient, mail.subject))
    sent = {message_id: (recipient, key) for message_id, recipient, key in await evidence.books.rows(SENT)}
    found += [
        f"mail {key} is called sent, but the server never took it" for i, (_, key) in sent.items() if i not in taken
    ]
    found += [f"Message-ID {i} went out with different mails" for i, mails in taken.items() if len(mails) > 1]
    return found + [f"Message-ID {i} belongs to no sent mail" for i in taken if i not in sent]
